import { expect, test } from 'vitest';
import { parseEntry } from './entry.ts';

test('reads time, priority and cursor', () => {
  const entry = parseEntry('{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1769767872003004","PRIORITY":"3","MESSAGE":"hello"}');

  expect(entry).toMatchObject({ cursor: 's=1', timeMs: 1769767872003, timeNs: 4000, severity: 17, severityText: 'err', message: 'hello' });
});

test('bytes are text when they are UTF-8, as journalctl writes colours, and bytes when they are not', () => {
  expect(parseEntry('{"MESSAGE":[27,91,51,49,109]}')?.message).toBe('\u001b[31m');
  expect(parseEntry('{"MESSAGE":[102,252,114]}')?.message).toEqual(Uint8Array.of(102, 252, 114));
});

test('a repeated field is a list, of texts and of bytes', () => {
  const fields = parseEntry('{"A":["one","two"],"B":[[255],"two"],"C":null}')?.fields;

  expect(fields?.get('A')).toEqual(['one', 'two']);
  expect(fields?.get('B')).toEqual([Uint8Array.of(255), 'two']);
  expect(fields?.get('C')).toBe(null);
});

test.each(['', 'x', '[]', '1', 'null', '{"MESSAGE":"cut'])('%j is no entry', (line) => {
  expect(parseEntry(line)).toBeUndefined();
});

test('what is odd in an entry makes no time and no severity', () => {
  expect(parseEntry('{"__REALTIME_TIMESTAMP":"soon","PRIORITY":"9"}')).toMatchObject({ timeMs: 0, severity: 0, message: null });
});
