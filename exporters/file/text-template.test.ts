import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createResource, createScope } from '#model';
import { batchOf, started } from '../../test/helpers/file-exporter-rig.ts';
import { compileTemplate } from './text-template.ts';

function example() {
  const batch = batchOf('two\nlines');
  batch.timeMs[0] = Date.UTC(2026, 0, 30, 14, 39, 6, 711);
  batch.observedMs[0] = Date.UTC(2026, 0, 30, 15);
  batch.severity[0] = 17;
  batch.setAttribute(0, 'user.id', 42);
  batch.setAttribute(0, 'tags', ['a', 'b']);
  batch.resourceOf[0] = batch.addResource(createResource({ 'service.name': 'shop' }));
  batch.scopeOf[0] = batch.addScope(createScope('com.example.Till'));
  return batch;
}

test.each([
  ['{time} {severity} {body}', '2026-01-30T14:39:06.711Z ERROR two\\nlines'],
  ['{observed_time} {severity_number}', '2026-01-30T15:00:00.000Z 17'],
  ['{attributes.user.id} {attributes.tags} [{attributes.none}]', '42 ["a","b"] []'],
  ['{resource.service.name} {scope}: {attributes}', 'shop com.example.Till: {"user.id":42,"tags":["a","b"]}'],
  ['{resource}', '{"service.name":"shop"}'],
  ['{{{body}}}', '{two\\nlines}'],
  ['[{trace_id}{span_id}{event_name}]', '[]'],
])('%s', (template, line) => {
  expect(compileTemplate(template, 'escape')(example(), 0)).toBe(`${line}\n`);
});

test('a time that nobody told of is empty', () => {
  expect(compileTemplate('[{time}{observed_time}]', 'escape')(batchOf('timeless'), 0)).toBe('[]\n');
});

test('keeps line ends when asked to', () => {
  expect(compileTemplate('{body}', 'keep')(example(), 0)).toBe('two\nlines\n');
});

test.each([
  ['{boddy}', '{boddy} does not exist; there are {time}, '],
  ['{body', 'a lone "{" at character 1'],
  ['a } b', 'a lone "}" at character 3'],
  ['{constructor}', 'does not exist'],
])('%s is refused', (template, message) => {
  expect(() => compileTemplate(template, 'escape')).toThrow(message);
});

test('format: text is one line per record', async () => {
  const { path, send } = await started({ format: 'text', template: '{severity}: {body}' });

  await send(batchOf('one\r\n', 'two'));

  expect(readFileSync(path, 'utf8')).toBe(': one\\r\\n\n: two\n');
});
