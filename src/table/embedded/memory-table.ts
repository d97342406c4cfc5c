/** The embedded table over plain memory: for tests and the simulation. Deterministic; nothing in it waits for a timer. */
import { createMemoryKv } from './memory-kv.ts';
import { createEmbeddedTable, type EmbeddedTable, type EmbeddedTableOptions } from './table.ts';

export const createMemoryTable = (options: EmbeddedTableOptions): EmbeddedTable =>
  createEmbeddedTable(createMemoryKv(), options);
