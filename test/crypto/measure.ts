/**
 * What encryption costs, by the approach: microseconds of CPU, of all threads, for one message of 200 octets, opened as one of a page of 20. The
 * numbers of docs/adr/0005. Run: node --conditions=source --import tsx test/crypto/measure.ts
 */
import { FlattenedEncrypt, flattenedDecrypt } from 'jose';
import { aadOf } from '#crypto/aad';
import { kidIn } from '#crypto/jwe';
import { ciphersOnly, localRig, place } from './rig.ts';

const pageSize = 20;
const rounds = 2_000;
const text = 'x'.repeat(200);

/** The best of five runs, so that another process on the machine counts least. */
const measure = async (name: string, messagesOfRun: number, run: () => Promise<unknown>): Promise<void> => {
  let best = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 5; n += 1) {
    const start = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) await run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, user + system);
  }
  console.log(name.padEnd(52), `${(best / rounds / messagesOfRun).toFixed(2).padStart(7)} µs a message`);
};

const rig = await localRig();
const warm = rig.node().sealer;
const cold = rig.node({ sealer: ciphersOnly });
const items = await Promise.all(
  Array.from({ length: pageSize }, async (_, n) => ({
    place: place(n + 1, n % 2),
    sealed: Buffer.from(await warm.seal(place(n + 1, n % 2), text)),
  })),
);
/** Strings new to the process, as a table or a cache hands them out. */
const page = (): { place: ReturnType<typeof place>; sealed: string }[] =>
  items.map((item) => ({ place: item.place, sealed: item.sealed.toString('latin1') }));

await measure('a page as it is made for the runs below', pageSize, async () => page());
await measure('open, opened not long ago', pageSize, () => warm.open(page()));
await measure('open, by node:crypto', pageSize, () => cold.sealer.open(page()));

const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
const joseSeal = (n: number): Promise<{ ciphertext: string }> =>
  new FlattenedEncrypt(Buffer.from(text))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: '2.1.AAECAwQFBgc' })
    .setAdditionalAuthenticatedData(Buffer.from(aadOf(place(n).conversation, n, place(n).author), 'base64url'))
    .encrypt(key);
const joseItems = await Promise.all(items.map((_, n) => joseSeal(n)));
await measure('open, by jose (WebCrypto)', pageSize, () =>
  Promise.all(joseItems.map(async (jwe) => new TextDecoder().decode((await flattenedDecrypt(jwe, key)).plaintext))),
);

let seq = 0;
await measure('seal, by node:crypto', 1, async () => {
  seq += 1;
  return cold.sealer.seal(place(seq), text);
});
await measure('seal, by jose (WebCrypto)', 1, () => joseSeal(7));

const [first] = page();
const parsed = first === undefined ? undefined : kidIn(first.sealed);
if (first === undefined || parsed === undefined || 'unreadable' in parsed) throw new TypeError('the page is readable');
await measure('find a key that is held', 1, async () =>
  cold.keyring.held(first.place.conversation, first.place.author, parsed.kid),
);
await rig.done();
