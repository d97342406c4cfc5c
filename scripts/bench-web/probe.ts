/**
 * What the bench sees of an interaction, from inside the page. Two clocks, since neither sees everything:
 *
 * - `paint`: Event Timing's duration, from the input as the browser took it to the next picture on the screen, in steps of
 *   8 ms. Only inputs that are discrete have one, and one under 16 ms is not told: it counts as 16.
 * - `frame`: from the event's own time stamp to a task after the frame that shows it: handlers, rendering, style, layout and
 *   paint of the page's thread, without the compositor. A wheel and a message that comes in have only this one.
 */
import type { CDPSession, Page } from 'playwright-core';

export interface Seen {
  /** Milliseconds, one an interaction. */
  readonly frame: readonly number[];
  readonly paint: readonly number[];
  /** The longest run of handlers of each interaction. */
  readonly handlers: readonly number[];
  /** Frames that the browser itself calls long: 50 ms and more. */
  readonly longFrames: number;
  /** CPU of the page's thread per interaction, with all that it sets off until the next one: milliseconds. */
  readonly work: number;
  readonly script: number;
  readonly layout: number;
  readonly layouts: number;
}

interface Recorded {
  frames: { readonly type: string; readonly ms: number }[];
  events: { readonly id: number; readonly paint: number; readonly handlers: number }[];
  longFrames: number;
}

/** Runs in the page before anything of the app does. `arrive` is a piece of the event stream with a message in it. */
const install = (): void => {
  const recorded: Recorded = { frames: [], events: [], longFrames: 0 };
  Object.assign(window, { recorded });
  const afterFrame = (type: string, since: number): void => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => recorded.frames.push({ type, ms: performance.now() - since });
      port2.postMessage(undefined);
    });
  };
  for (const type of ['keydown', 'click', 'wheel']) {
    const listen = (event: Event): void => {
      if (event instanceof KeyboardEvent && event.key === 'Alt') return;
      afterFrame(type, event.timeStamp);
    };
    addEventListener(type, listen, { capture: true, passive: true });
  }
  const observe = (type: string, see: (entry: PerformanceEntry) => void, more = {}): void => {
    new PerformanceObserver((list) => list.getEntries().forEach(see)).observe({ type, ...more });
  };
  observe(
    'event',
    (entry) => {
      const event = entry as PerformanceEventTiming & { readonly interactionId: number };
      // Letting a key go does nothing in the app: the next paint after it is whatever comes next.
      if (event.interactionId === 0 || event.name === 'keyup') return;
      recorded.events.push({
        id: event.interactionId,
        paint: event.duration,
        handlers: event.processingEnd - event.processingStart,
      });
    },
    { durationThreshold: 16 },
  );
  observe('long-animation-frame', () => {
    recorded.longFrames += 1;
  });
  const { read } = ReadableStreamDefaultReader.prototype;
  const decoder = new TextDecoder();
  ReadableStreamDefaultReader.prototype.read = async function readAndTell() {
    const piece = await read.call(this);
    if (piece.value !== undefined && decoder.decode(piece.value).includes('event: message.created')) {
      afterFrame('arrive', performance.now());
    }
    return piece;
  };
};

/** The compiler that runs this script wraps functions in a helper, which the page does not have. */
export const installProbe = async (page: Page): Promise<void> => {
  await page.addInitScript('globalThis.__name = (named) => named;');
  await page.addInitScript(install);
};

type Counters = Pick<Seen, 'work' | 'script' | 'layout' | 'layouts'>;

const counters = async (session: CDPSession): Promise<Counters> => {
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
  const ms = (name: string): number => value(name) * 1_000;
  return {
    work: ms('TaskDuration'),
    script: ms('ScriptDuration'),
    layout: ms('LayoutDuration') + ms('RecalcStyleDuration'),
    layouts: value('LayoutCount'),
  };
};

/** Event Timing tells of nothing shorter. */
const toldFromMs = 16;
/** Long enough for what an interaction sets off to be over before the next one. */
const settleMs = 250;

/** Does `act` so many times; `type` is the event that its frame is counted from. */
export const watch = async (
  page: Page,
  session: CDPSession,
  type: 'keydown' | 'click' | 'wheel' | 'arrive',
  times: number,
  act: (time: number) => Promise<void>,
): Promise<Seen> => {
  const reset = (): void => {
    const { recorded } = window as unknown as { recorded: Recorded };
    Object.assign(recorded, { longFrames: 0 });
    recorded.frames.length = 0;
    recorded.events.length = 0;
  };
  await page.waitForTimeout(settleMs);
  await page.evaluate(reset);
  const before = await counters(session);
  for (let time = 0; time < times; time++) {
    await act(time);
    await page.waitForTimeout(settleMs);
  }
  const after = await counters(session);
  const recorded = await page.evaluate(() => (window as unknown as { recorded: Recorded }).recorded);
  const interactions = new Map<number, { paint: number; handlers: number }>();
  for (const { id, paint, handlers } of recorded.events) {
    const known = interactions.get(id);
    interactions.set(id, {
      paint: Math.max(paint, known?.paint ?? 0),
      handlers: Math.max(handlers, known?.handlers ?? 0),
    });
  }
  const told = [...interactions.values()];
  const untold = type === 'keydown' || type === 'click' ? Math.max(0, times - told.length) : 0;
  return {
    frame: recorded.frames.filter((frame) => frame.type === type).map(({ ms }) => ms),
    paint: [...told.map(({ paint }) => paint), ...Array<number>(untold).fill(toldFromMs)],
    handlers: told.map(({ handlers }) => handlers),
    longFrames: recorded.longFrames,
    work: (after.work - before.work) / times,
    script: (after.script - before.script) / times,
    layout: (after.layout - before.layout) / times,
    layouts: (after.layouts - before.layouts) / times,
  };
};
