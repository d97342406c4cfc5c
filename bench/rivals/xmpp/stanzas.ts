/** Cuts an XMPP stream into stanzas: just enough of XML for what servers send, which escape `>` inside attributes. */

/** Feeds on chunks of a stream; gives each complete child of the stream's root as text. */
export const stanzaCutter = (onStanza: (stanza: string) => void): ((chunk: string) => void) => {
  let rest = '';
  let depth = 0;
  let stanzaStart = 0;
  let at = 0;
  return (chunk) => {
    rest += chunk;
    for (;;) {
      const open = rest.indexOf('<', at);
      if (open < 0) break;
      const close = rest.indexOf('>', open);
      if (close < 0) break;
      at = close + 1;
      if (rest[open + 1] === '?') continue;
      if (rest[open + 1] === '/') depth -= 1;
      else {
        if (depth === 1) stanzaStart = open;
        if (rest[close - 1] !== '/') depth += 1;
        else if (depth !== 1) continue;
      }
      if (depth !== 1) continue;
      // The stream's own opening tag brings the depth to 1 without a stanza: it begins with `<stream:stream`.
      if (!rest.startsWith('<stream:stream', open)) onStanza(rest.slice(stanzaStart, at));
      rest = rest.slice(at);
      at = 0;
    }
  };
};

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&apos;');

/** An attribute's value in the first tag of a stanza. */
export const attribute = (stanza: string, name: string): string | undefined =>
  new RegExp(`^<[^>]*\\s${name}=['"]([^'"]*)['"]`).exec(stanza)?.[1];
