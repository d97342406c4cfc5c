/**
 * What people write and how much: the shapes that the capacity model and the benchmarks draw from.
 *
 * Sizes come from measuring 11,681 messages of 539 conversations between two people (the valid_freq split of Topical-Chat,
 * Gopalakrishnan et al., Interspeech 2019): only the distributions' parameters are kept here. So do the lengths of sittings, which
 * that collection held between 20 and 35 messages. They say nothing about how unevenly people write over the days; that is an
 * assumption of ours, named as such.
 */

/** Bytes of UTF-8 of a message's text at the given shares of messages, straight between them. Mean 104.5. */
export const messageBytesQuantiles: readonly (readonly [share: number, bytes: number])[] = [
  [0, 2],
  [0.1, 40],
  [0.25, 64],
  [0.5, 97],
  [0.75, 134],
  [0.9, 177],
  [0.99, 282],
  [0.999, 353],
  [1, 491],
];

/** Messages of a conversation from when its two people sit down to it until they get up, at the given shares of them. */
export const messagesPerSittingQuantiles: typeof messageBytesQuantiles = [
  [0, 20],
  [0.1, 21],
  [0.5, 21],
  [0.75, 22],
  [0.9, 23],
  [0.99, 27],
  [0.999, 35],
  [1, 35],
];

/** Between two messages of a sitting, on average (an assumption: somebody reads, thinks and types). */
export const sittingGapSeconds = 15;

/**
 * Activity among conversations is Zipf with this exponent (an assumption; published figures for messengers and social posts
 * lie between 0.7 and 1.2). The few busiest conversations are what a partition's limit is about.
 */
export const zipfExponent = 0.9;

/**
 * How unevenly messages fall on inboxes, by the same law: flatter, for a person reads what they are sent (an assumption; it gives
 * the busiest of a million inboxes a message every few seconds).
 */
export const inboxExponent = 0.6;

/** Messages a second that a person writes at most: a line every two seconds, which nobody keeps up for long. */
export const messagesPerSecondPerPerson = 0.5;

/** Conversations that a person writes in, over a few weeks (an assumption; it only sets how thin activity is spread). */
export const conversationsPerPerson = 20;

/** Conversations that stand in a person's inbox in the end, old ones included (an assumption; it only sets storage). */
export const conversationsKeptPerPerson = 100;

/** The busiest hour of a day has this many times the mean hour's traffic (an assumption: a day's curve with two peaks). */
export const peakToMean = 2.5;

type Quantiles = typeof messageBytesQuantiles;

const valueAt = (quantiles: Quantiles, share: number): number => {
  for (const [n, point] of quantiles.entries()) {
    const next = quantiles[n + 1];
    if (next === undefined || share > next[0]) continue;
    const [from, low] = point;
    return low + ((share - from) / (next[0] - from)) * (next[1] - low);
  }
  return quantiles.at(-1)?.[1] ?? 0;
};

const meanOf = (quantiles: Quantiles): number =>
  quantiles.reduce((sum, [share, value], n) => {
    const next = quantiles[n + 1];
    return next === undefined ? sum : sum + (next[0] - share) * ((value + next[1]) / 2);
  }, 0);

/** The bytes at a share of messages, 0–1. */
export const messageBytesAt = (share: number): number => valueAt(messageBytesQuantiles, share);

/** The mean of the quantiles' distribution, in bytes. */
export const messageBytesMean = (): number => meanOf(messageBytesQuantiles);

/** The length at a share of sittings, 0–1, and the mean; in messages. */
export const messagesPerSittingAt = (share: number): number => valueAt(messagesPerSittingQuantiles, share);
export const messagesPerSittingMean = (): number => meanOf(messagesPerSittingQuantiles);

const words =
  'the we you and of to is that it was for on are with as at be this from have or by one had not but what all were'.split(
    ' ',
  );

/** A text of as many bytes as a real message has, made of common words. */
export const textOf = (random: () => number): string => {
  const bytes = Math.round(messageBytesAt(random()));
  let text = '';
  while (text.length < bytes) text += `${words[Math.floor(random() * words.length)] ?? 'a'} `;
  return text.slice(0, bytes).trimEnd() || 'ok';
};

/** Beyond these the sum is its integral and Euler and Maclaurin's first correction: within a ten-thousandth. */
const exactTerms = 32;

/** The share of all activity that the busiest of `population` has, under Zipf with `exponent`. */
export const zipfTopShare = (population: number, exponent: number = zipfExponent): number =>
  1 / zipfSum(population, exponent);

/**
 * The rank at a share of the activity that is not the busiest's, under Zipf: 2 to `population`. By the integral between halves, which
 * is within two per cent of the sum at the first of them.
 */
export const zipfRanks = (population: number, exponent: number): ((share: number) => number) => {
  const power = 1 - exponent;
  const [low, high] = [1.5 ** power, (population + 0.5) ** power];
  return (share) => Math.min(population, Math.round((low + share * (high - low)) ** (1 / power)));
};

/** The sum of n^-exponent for n = 1..population. */
export const zipfSum = (population: number, exponent: number = zipfExponent): number => {
  const exact = Math.min(population, exactTerms);
  let sum = 0;
  for (let n = 1; n <= exact; n += 1) sum += n ** -exponent;
  if (population <= exact) return sum;
  const integral =
    exponent === 1
      ? Math.log(population / exact)
      : (population ** (1 - exponent) - exact ** (1 - exponent)) / (1 - exponent);
  return sum + integral + (population ** -exponent - exact ** -exponent) / 2;
};
