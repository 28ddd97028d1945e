import { expect, test } from 'vitest';
import { Double, LogBatch, type AttributeValue } from '#model';
import type { SeverityConfig } from '../config.ts';
import { Severity } from './severity.ts';

function read(config: SeverityConfig, ...values: (AttributeValue | Double)[]): ([number, string] | undefined)[] {
  const step = new Severity({ parse_from: 'attributes.level', ...config });
  const batch = new LogBatch();
  return values.map((value) => {
    const row = batch.addRow(0, 0, 0);
    batch.setAttribute(row, 'level', value);
    return step.apply(batch, row) ? [batch.severity[row] as number, batch.severityText(row)] : undefined;
  });
}

test.each([
  ['trace', 1],
  ['TRACE4', 4],
  ['debug', 5],
  ['Info', 9],
  ['warn', 13],
  ['warning', 13],
  ['WARNING2', 14],
  ['error', 17],
  ['err', 17],
  ['err4', 20],
  ['fatal', 21],
  ['fatal4', 24],
  ['24', 24],
  ['critical', 0],
  ['notice', 0],
  ['', 0],
  [' info', 0],
])('knows %j as %i by default, and keeps the text', (text, severity) => {
  expect(read({}, text, text)).toEqual([
    [severity, text],
    [severity, text],
  ]);
});

test('maps values, ranges and hundreds', () => {
  const mapping = { error: ['5xx', 'CRITICAL', { min: 700, max: 690 }], warn: '4xx', info2: 300, fatal: { min: 1, max: 2 } };

  expect(read({ mapping, preset: 'none' }, '503', 'critical', '695', 404, 300, 2, 3, 'info')).toEqual([
    [17, '503'],
    [17, 'critical'],
    [17, '695'],
    [13, '404'],
    [10, '300'],
    [21, '2'],
    [0, '3'],
    [0, 'info'],
  ]);
});

test('a mapping wins over the preset', () => {
  expect(read({ mapping: { fatal: 'info' } }, 'INFO')).toEqual([[21, 'INFO']]);
});

test('writes the name with overwrite_text, where there is one', () => {
  expect(read({ overwrite_text: true }, 'warning2', 'odd', 9)).toEqual([
    [14, 'WARN2'],
    [0, 'odd'],
    [9, 'INFO'],
  ]);
});

test('refuses what is neither text nor a whole number', () => {
  expect(read({}, true, new Double(1.5), ['info'], new Double(17))).toEqual([undefined, undefined, undefined, [17, '17']]);
});

test('preset otel does not know warning and err', () => {
  expect(read({ preset: 'otel' }, 'warning', 'err', 'warn')).toEqual([
    [0, 'warning'],
    [0, 'err'],
    [13, 'warn'],
  ]);
});

test('tells texts apart that the memory keeps in one place', () => {
  const texts = ['warn', 'wabn', 'warn', 'info', 'iofo', 'info'];

  expect(read({}, ...texts).map((found) => found?.[0])).toEqual([13, 0, 13, 9, 0, 9]);
});
