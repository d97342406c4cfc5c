/** Server-sent events out of pieces of text, as the HTML standard's "event stream interpretation" reads them. */

/** Characters that one event may have: twice the largest message with all the reactions it may carry. */
export const sseEventCharactersMax = 262_144;

export interface SseHandlers {
  event(name: string, data: string): void;
  /** The server says how long to wait before connecting again. */
  retry(ms: number): void;
}

/**
 * A parser to push decoded text into, cut anywhere. Throws RangeError when an event outgrows its bound: the stream is not
 * one of ours, or somebody wants this machine's memory.
 */
export const createSseParser = (handlers: SseHandlers): ((text: string) => void) => {
  let rest = '';
  let lastWasReturn = false;
  let name = '';
  let data: string[] = [];
  let held = 0;

  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0) handlers.event(name === '' ? 'message' : name, data.join('\n'));
      name = '';
      data = [];
      held = 0;
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return; // a comment: the heartbeat
    const field = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') name = value;
    if (field === 'data') {
      data.push(value);
      held += value.length;
    }
    if (field === 'retry' && /^\d{1,9}$/.test(value)) handlers.retry(Number(value));
  };

  return (text) => {
    // A line ends with CR LF, LF or CR; the LF of a CR LF may come in the next piece.
    if (lastWasReturn && text.startsWith('\n')) text = text.slice(1);
    if (text !== '') lastWasReturn = text.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    const first = lines.shift() ?? '';
    const last = lines.pop();
    if (last === undefined) {
      rest += first;
    } else {
      line(rest + first);
      for (const whole of lines) line(whole);
      rest = last;
    }
    if (rest.length + held > sseEventCharactersMax) throw new RangeError('an event of the stream is too large');
  };
};
