/** What a sample of a profile is counted as: a room of ours, a library, the machine below them. */
import type { Profiler } from 'node:inspector';

export interface Place {
  /** For people: `table`, `lmdb`, `garbage collection`. */
  readonly group: string;
  /** The function and where it stands. */
  readonly name: string;
}

/** Packages that are spoken of by one name. Others are counted under their own. */
const packageGroups: readonly (readonly [group: string, packages: RegExp])[] = [
  ['LMDB', /^(lmdb|ordered-binary|weak-lru-cache|@harperfast\/extended-iterable)$/],
  ['msgpack', /^msgpackr(-extract)?$/],
  [
    'Fastify',
    /^(@fastify\/.*|fastify|fastify-.*|find-my-way|fast-json-stringify|avvio|ajv|light-my-request|secure-json-parse|@fastify|reusify|toad-cache|rfdc)$/,
  ],
  ['logging (pino)', /^(pino|pino-.*|sonic-boom|thread-stream)$/],
  ['tokens (jose)', /^jose$/],
  ['caches (lru-cache)', /^lru-cache$/],
  ['PostgreSQL’s driver', /^(pg|pg-.*|postgres-.*)$/],
];

const nodeGroups: readonly (readonly [group: string, module: RegExp])[] = [
  ['node: files', /^node:(internal\/)?fs/],
  ['node: crypto', /^node:(internal\/)?crypto/],
  [
    'node: HTTP and sockets',
    /^node:(_http|http|net|_stream|stream|internal\/(http|net|stream|js_stream|tls)|internal\/dtrace)/,
  ],
];

/** What V8 does of itself. Other functions without a file are native ones, and count where they are called from. */
const bareGroups: Readonly<Record<string, string>> = {
  '(garbage collector)': 'garbage collection',
  '(program)': 'native code and the system',
  '(root)': 'native code and the system',
};

const profiler = 'the profiler';

type Frame = Profiler.ProfileNode['callFrame'];

/** @param caller of a native function, where it is known: the time is its caller's, be that computing or waiting for a disk. */
export const placeOf = ({ functionName, url, lineNumber }: Frame, caller?: Place): Place => {
  const named = functionName || '(anonymous)';
  if (url === '') {
    const group = bareGroups[named];
    if (group !== undefined) return { group, name: named };
    return { group: caller?.group ?? 'native functions', name: `${named} from ${caller?.name ?? 'nowhere'}` };
  }
  if (url.startsWith('node:inspector') || url.includes('profile/hook')) return { group: profiler, name: named };
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (packaged !== undefined) {
    const group = packageGroups.find(([, packages]) => packages.test(packaged))?.[0] ?? packaged;
    return { group, name: `${named} ${packaged}:${lineNumber + 1}` };
  }
  if (url.startsWith('node:')) {
    return {
      group: nodeGroups.find(([, module]) => module.test(url))?.[0] ?? 'node: the rest',
      name: `${named} ${url}`,
    };
  }
  const own = /\/(?:dist|src)\/(.+)$/.exec(url)?.[1] ?? url;
  const [room = own] = own.split('/');
  const group = room === 'bench' ? 'the benchmark itself' : `Parley: ${room}`;
  return { group, name: `${named} ${own}:${lineNumber + 1}` };
};

/** Microseconds of self time by group and by function; what was idle is left out. */
export interface SelfTimes {
  readonly totalMicros: number;
  readonly groups: ReadonlyMap<string, number>;
  readonly functions: ReadonlyMap<string, number>;
}

/** Idle, and the profiler starting and stopping. */
const leftOut = (place: Place): boolean => place.name === '(idle) from nowhere' || place.group === profiler;

/** By node; a profile names children by their ids, and a parent stands before them. */
const placesOf = ({ nodes }: Profiler.Profile): ReadonlyMap<number, Place> => {
  const places = new Map<number, Place>();
  const callers = new Map<number, Place>();
  for (const { id, callFrame, children } of nodes) {
    const place = placeOf(callFrame, callers.get(id));
    places.set(id, place);
    // A native function may call another, and so on: they all count for the one that has a file.
    const isRoot = callFrame.functionName === '(root)';
    for (const child of isRoot ? [] : (children ?? [])) callers.set(child, place);
  }
  return places;
};

export const selfTimes = (profile: Profiler.Profile): SelfTimes => {
  const groups = new Map<string, number>();
  const functions = new Map<string, number>();
  const places = placesOf(profile);
  let totalMicros = 0;
  for (const [n, id] of (profile.samples ?? []).entries()) {
    const place = places.get(id);
    if (place === undefined || leftOut(place)) continue;
    const micros = profile.timeDeltas?.[n] ?? 0;
    const { group, name } = place;
    totalMicros += micros;
    groups.set(group, (groups.get(group) ?? 0) + micros);
    functions.set(name, (functions.get(name) ?? 0) + micros);
  }
  return { totalMicros, groups, functions };
};
