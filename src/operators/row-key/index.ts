/** Keys of rows and bounded tables of them, for processors that treat records key by key. Exported by `#operators`. */
export { KEY_PART_FORMS, parseKeyPart, type KeyPart } from './key-part.ts';
export { KeyTable } from './key-table.ts';
export { RowKey, attributePart } from './row-key.ts';
