/** What is measured: something that sends, lists a conversation and lists an inbox, loaded with the same world as its rivals. */
import type { World } from './world.ts';

/** What every subject does. */
export const operationNames = ['send', 'page', 'inbox'] as const;
/** What some do besides. */
export const farPage = 'page anywhere';
export type OperationName = (typeof operationNames)[number];
export type AnyOperation = OperationName | typeof farPage;

export interface Subject {
  /** What ran, for the record: version numbers by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Each call does the operation once, for a person and a conversation chosen by chance, and rejects when it fails. */
  readonly operations: Readonly<Record<OperationName, () => Promise<void>>> &
    Partial<Readonly<Record<typeof farPage, () => Promise<void>>>>;
  /** Resolves when what the sends so far set going in the background is done; its time counts as the sends' time. */
  settle(): Promise<void>;
  /** The processes under test apart from this one; their CPU and memory count with their children's. */
  readonly processes: readonly number[];
  close(): Promise<void>;
}

export interface Start {
  readonly world: World;
  readonly random: () => number;
  /** An empty folder of its own, removed afterwards. */
  readonly folder: string;
}

/** Why a subject cannot run here, in a sentence for people. */
export interface Skipped {
  readonly skipped: string;
}

/** What a module under `subjects/` exports as `start`. */
export type StartSubject = (start: Start) => Promise<Subject | Skipped>;
