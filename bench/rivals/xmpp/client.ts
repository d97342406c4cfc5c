/** A small XMPP client over plain TCP on this machine: registration, SASL PLAIN, binding, messages, archive pages. */
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { ChatClient } from '../chat.ts';
import { attribute, escapeXml, stanzaCutter } from './stanzas.ts';

const domain = 'localhost';
const password = 'benchmark';
const openStream = `<?xml version='1.0'?><stream:stream to='${domain}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`;

interface Wire {
  write(text: string): void;
  /** The next stanza that the predicate takes; others go to whoever listens for messages. */
  expect(what: string, takes: (stanza: string) => boolean): Promise<string>;
  /** After SASL the stream begins anew. */
  restart(): void;
  onMessage(listener: (stanza: string) => void): void;
  close(): void;
}

const answerMsMax = 30_000;

const openWire = (port: number): Promise<Wire> =>
  new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const waiting: {
      takes: (stanza: string) => boolean;
      settle: (stanza: string) => void;
      fail: (e: Error) => void;
    }[] = [];
    let listener: (stanza: string) => void = () => undefined;
    const onStanza = (stanza: string): void => {
      const found = waiting.findIndex((one) => one.takes(stanza));
      if (found >= 0) waiting.splice(found, 1)[0]?.settle(stanza);
      else listener(stanza);
    };
    let feed = stanzaCutter(onStanza);
    const fail = (error: Error): void => {
      reject(error);
      for (const one of waiting.splice(0)) one.fail(error);
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => feed(chunk));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the XMPP server closed the connection')));
    socket.on('connect', () =>
      resolve({
        write: (text) => {
          socket.write(text);
        },
        expect: (what, takes) =>
          new Promise((settle, failed) => {
            const timer = setTimeout(() => failed(new Error(`no ${what}`)), answerMsMax);
            waiting.push({
              takes,
              settle: (stanza) => {
                clearTimeout(timer);
                settle(stanza);
              },
              fail: (error) => {
                clearTimeout(timer);
                failed(error);
              },
            });
          }),
        restart: () => {
          feed = stanzaCutter(onStanza);
          socket.write(openStream);
        },
        onMessage: (to) => {
          listener = to;
        },
        close: () => socket.destroy(),
      }),
    );
  });

const isFeatures = (stanza: string): boolean => stanza.startsWith('<stream:features');
const isAnswerTo =
  (id: string) =>
  (stanza: string): boolean =>
    stanza.startsWith('<iq') && attribute(stanza, 'id') === id;

/** Registers an account in band (XEP-0077); one that exists already is as good. */
export const register = async (port: number, user: string): Promise<void> => {
  const wire = await openWire(port);
  try {
    const features = wire.expect('features', isFeatures);
    wire.restart();
    await features;
    const answer = wire.expect('answer to a registration', isAnswerTo('reg'));
    wire.write(
      `<iq type='set' id='reg'><query xmlns='jabber:iq:register'><username>${user}</username><password>${password}</password></query></iq>`,
    );
    const stanza = await answer;
    if (attribute(stanza, 'type') !== 'result' && !stanza.includes('conflict')) throw new Error(stanza);
  } finally {
    wire.close();
  }
};

/** Signs in and says that the user is there, so that messages come to this connection. */
export const signIn = async (port: number, user: string): Promise<ChatClient> => {
  const wire = await openWire(port);
  const first = wire.expect('features', isFeatures);
  wire.restart();
  await first;
  const success = wire.expect('outcome of SASL', (stanza) => /^<(success|failure)/.test(stanza));
  const plain = Buffer.from(`\0${user}\0${password}`).toString('base64');
  wire.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`);
  const outcome = await success;
  if (!outcome.startsWith('<success')) throw new Error(outcome);
  const second = wire.expect('features', isFeatures);
  wire.restart();
  await second;
  const bound = wire.expect('binding', isAnswerTo('bind'));
  wire.write(
    `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${randomUUID()}</resource></bind></iq>`,
  );
  await bound;
  const ready = wire.expect('answer to a ping', isAnswerTo('ready'));
  wire.write(`<presence/><iq type='get' id='ready' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await ready;
  const listeners = new Map<string, () => void>();
  let inPage = 0;
  wire.onMessage((stanza) => {
    if (!stanza.startsWith('<message')) return;
    if (stanza.includes('urn:xmpp:mam:2') && stanza.includes('<result')) {
      inPage += 1;
      return;
    }
    const id = attribute(stanza, 'id') ?? '';
    listeners.get(id)?.();
    listeners.delete(id);
  });
  let pages = 0;
  return {
    send: (to, id, text) => {
      wire.write(`<message to='${to}@${domain}' type='chat' id='${id}'><body>${escapeXml(text)}</body></message>`);
      return Promise.resolve();
    },
    delivered: (id) => new Promise((resolve) => listeners.set(id, resolve)),
    page: async (other) => {
      pages += 1;
      const id = `page${pages}`;
      inPage = 0;
      const done = wire.expect('end of a page', isAnswerTo(id));
      wire.write(
        `<iq type='set' id='${id}'><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'>` +
          `<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>` +
          `<field var='with'><value>${other}@${domain}</value></field></x>` +
          `<set xmlns='http://jabber.org/protocol/rsm'><max>20</max><before/></set></query></iq>`,
      );
      const answer = await done;
      if (attribute(answer, 'type') !== 'result') throw new Error(answer);
      return inPage;
    },
    close: () => wire.close(),
  };
};
