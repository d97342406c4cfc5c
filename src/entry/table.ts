/** `parley/table`: DynamoDB's model as a port, embedded and on DynamoDB. */
export { createDynamoAdmin } from '#table/dynamodb/admin';
export { createDynamoTable } from '#table/dynamodb/table';
export { openEmbeddedTable } from '#table/embedded/lmdb-table';
export { createMemoryTable } from '#table/embedded/memory-table';
export { TableError } from '#table/errors';
export type { ChangeRecord, Condition, Item, Key, ScannableTable, Table } from '#table/port';
export { keysSchema, mainSchema, type TableSchema } from '#table/schema';
