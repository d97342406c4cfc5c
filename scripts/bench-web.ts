/**
 * `npm run bench:web`: how long a person waits for the page, with 10,000 conversations in the list: medians and third
 * quartiles of real inputs (what each column means: `bench-web/probe.ts`), and the same inputs on a page with nothing in it,
 * which is what this machine takes by itself. `--conversations`, `--times`, and `--only` with a part of a name.
 */
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { launchBrowser } from '../test/e2e/support/browser.ts';
import { writeHistory } from '../test/e2e/support/history.ts';
import { openApp, signIn } from '../test/e2e/support/page.ts';
import { person } from '../test/e2e/support/people.ts';
import { startServer } from '../test/e2e/support/server.ts';
import build from '../test/support/built.ts';
import { floor, type Interaction, interactions } from './bench-web/interactions.ts';
import { installProbe, type Seen, watch } from './bench-web/probe.ts';

const { values } = parseArgs({
  options: {
    conversations: { type: 'string', default: '10000' },
    times: { type: 'string', default: '40' },
    only: { type: 'string', default: '' },
  },
});
const conversations = Number(values.conversations);
const times = Number(values.times);

/** People with a real conversation, above those that are rows only. */
const friends = 12;
const text = (seq: number): string =>
  `Line ${seq}, as people write them${seq % 9 === 0 ? ', and a longer one now and then'.repeat(4) : '.'}`;

const quantile = (sample: readonly number[], share: number): string => {
  const sorted = [...sample].sort((one, other) => one - other);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return value === undefined ? '–' : value.toFixed(0);
};
const line = (name: string, seen: Seen): string => {
  const pair = (sample: readonly number[]): string => `${quantile(sample, 0.5)} / ${quantile(sample, 0.75)}`;
  const cells = [
    name,
    String(seen.frame.length),
    pair(seen.paint),
    pair(seen.frame),
    pair(seen.handlers),
    seen.work.toFixed(1),
    seen.script.toFixed(1),
    seen.layout.toFixed(1),
    seen.layouts.toFixed(1),
    String(seen.longFrames),
  ];
  return `| ${cells.join(' | ')} |\n`;
};

build();
const server = await startServer({
  prepare: (data) =>
    writeHistory(data, async (historian) => {
      const lea = await historian.person('lea', 'Lea');
      for (let n = 0; n < friends; n++) {
        const friend = await historian.person(`friend_${n}`, `Friend ${n}`);
        const log = { count: 200, beginMs: Date.UTC(2026, 0, 1), stepMs: 60_000, text };
        await historian.conversation(lea, `friend_${n}`, friend, log);
      }
      await historian.rows(lea, conversations);
    }),
});
// A real window: what changes outside of one is not drawn, and the browser then names no paint.
const browser = await launchBrowser('--window-size=1280,900');
try {
  const writers = await Promise.all(
    Array.from({ length: friends }, async (_, n) => {
      const { api } = await person(server.url, `friend_${n}`, `Friend ${n}`);
      const uuid = (await api.conversations()).conversations[0]?.uuid ?? '';
      return () => api.sendMessage(uuid, { message: 'A new one.' });
    }),
  );
  const receive = async (friend: number): Promise<void> => {
    await writers[friend % friends]?.();
  };

  const { page } = await openApp(browser, 'about:blank', { viewport: null });
  await installProbe(page);
  const session = await page.context().newCDPSession(page);
  // Of the thread's own time: other work on the machine does not count.
  await session.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' });
  await session.send('Performance.enable');

  const measure = async (all: readonly Interaction[]): Promise<void> => {
    for (const { name, type, timesMax, prepare, act } of all) {
      await prepare?.(page);
      if (!name.includes(values.only)) continue;
      const seen = await watch(page, session, type, Math.min(times, timesMax ?? times), (time) => act(page, time));
      process.stdout.write(line(name, seen));
    }
  };

  process.stdout.write(
    `${conversations} conversations, ${times} times each; Chromium ${browser.version()}, headless, no GPU; ${cpus().length} × ${cpus()[0]?.model}, Linux ${release()}.\nMilliseconds, median / third quartile.\n\n`,
  );
  process.stdout.write(
    '| interaction | n | input to paint | event to end of frame | handlers | CPU | of it script | style, layout | layouts | frames ≥ 50 |\n',
  );
  process.stdout.write('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n');
  await page.goto(`${server.url}/v1/config`);
  await measure(floor.map((one) => ({ ...one, name: `floor: ${one.name}` })));

  await page.goto(server.url);
  await signIn(page, 'lea');
  await page.locator('.row').first().waitFor();
  // As somebody does who drags the bar to its end again and again.
  await page.waitForFunction(
    (count) => {
      const list = document.querySelector('.rows');
      list?.scrollTo(0, list.scrollHeight);
      return Number(list?.getAttribute('data-rows')) >= count;
    },
    conversations,
    { timeout: 300_000, polling: 'raf' },
  );
  await page.locator('.rows').evaluate((list) => list.scrollTo(0, 0));
  await measure(interactions(receive));
} finally {
  await browser.close();
  await server.close();
}
