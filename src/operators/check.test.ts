import { expect, test } from 'vitest';
import { checkOperators } from './check.ts';
import type { OperatorConfig } from './config.ts';
import { operatorsSchema } from './schema.ts';

test.each<[OperatorConfig[], string, string]>([
  [[{ type: 'regex_parser', regex: '(?P<a>x' }], '0.regex', 'a "(" without its ")"'],
  [[{ type: 'noop' }, { type: 'json_parser', if: 'bdy matches "x"' }], '1.if', 'expected body, attributes, resource'],
  [[{ type: 'json_parser', output: 'other' }, { type: 'noop' }], '0.output', 'expected the id of another operator (noop), got "other"'],
  [[{ type: 'json_parser', output: 'other' }], '0.output', 'expected the id of another operator (there is none)'],
  [[{ type: 'json_parser', parse_from: 'message' }], '0.parse_from', 'did you mean "attributes.message"'],
  [[{ type: 'json_parser', parse_from: 'attributes' }], '0.parse_from', 'expected one field such as attributes.name'],
  [[{ type: 'json_parser', parse_from: 'body..x' }], '0.parse_from', 'expected .name or ["name"] at "..x"'],
  [[{ type: 'json_parser', timestamp: { parse_from: 'time', layout: '%Y' } }], '0.timestamp.parse_from', 'did you mean "attributes.time"'],
  [[{ type: 'json_parser', timestamp: { parse_from: 'body.t', layout: '%Q' } }], '0.timestamp.layout', '"%Q" is no directive'],
  [[{ type: 'time_parser', parse_from: 'body', layout: '%Y', location: 'Mars' }], '0.location', 'expected a time zone'],
  [[{ type: 'time_parser', parse_from: 'body', layout: 'x', layout_type: 'epoch' }], '0.layout', 'expected one of s, ms'],
  [[{ type: 'severity_parser', parse_from: 'body', mapping: { critical: 'x' } }], '0.mapping', 'expected a severity such as info'],
  [
    [{ type: 'json_parser', severity: { parse_from: 'body', mapping: { critical: 'x' } } }],
    '0.severity.mapping',
    'expected a severity such as info',
  ],
  [[{ type: 'json_parser', trace: { trace_id: { parse_from: 'trace_id' } } }], '0.trace.trace_id.parse_from', 'did you mean'],
  [[{ type: 'move', from: 'attributes', to: 'body' }], '0.from', 'expected one field'],
  [[{ type: 'add', field: 'attributes.x', value: 'EXPR(bdy)' }], '0.value', 'expected body, attributes, resource'],
  [
    [
      { type: 'noop', id: 'a', output: 'b' },
      { type: 'noop', id: 'b', output: 'a' },
    ],
    '0.output',
    'in a circle: a → b → a',
  ],
  [
    [
      { type: 'noop', id: 'a', output: ['b', 'c'] },
      { type: 'noop', id: 'b' },
      { type: 'noop', id: 'c' },
    ],
    '0.output',
    'to one operator',
  ],
  [[{ type: 'router', routes: [{ expr: 'body = 1', output: 'noop' }] }, { type: 'noop' }], '0.routes.0.expr', 'no part of a condition'],
  [[{ type: 'router', routes: [{ expr: 'true', output: 'nop' }] }, { type: 'noop' }], '0.routes.0.output', '(noop), got "nop"'],
  [[{ type: 'recombine', combine_field: 'body' }], '0.is_first_entry', 'expected one of is_first_entry, is_last_entry'],
  [[{ type: 'recombine', combine_field: 'resource', is_last_entry: 'true' }], '0.combine_field', 'expected body'],
  [[{ type: 'regex_replace', field: 'body' }], '0', 'expected one of regex and regex_name'],
  [[{ type: 'retain', fields: ['attributes.a', 'b'] }], '0.fields.1', 'expected a field that begins with'],
])('%j', (operators, path, message) => {
  expect(checkOperators(operators)).toEqual([{ path, message: expect.stringContaining(message) }]);
});

test('finds nothing wrong with what runs', () => {
  expect(
    checkOperators([
      { type: 'json_parser', id: 'first', output: 'second' },
      { type: 'regex_parser', id: 'second', regex: '(?P<a>.)', parse_to: 'resource', if: '' },
      { type: 'remove', field: 'attributes' },
      { type: 'move', from: 'attributes.a', to: 'attributes' },
    ]),
  ).toEqual([]);
});

test('the most operators that are allowed may give to one another backwards', () => {
  const { maxItems = Infinity } = operatorsSchema;
  const last = maxItems - 1;
  const nextOf = (index: number): number => (index === 0 ? last - 1 : index === 1 ? last : index - 1);
  const configs = Array.from({ length: last }, (_, i): OperatorConfig => ({ type: 'noop', id: `o${i}`, output: `o${nextOf(i)}` }));

  expect(checkOperators([...configs, { type: 'noop', id: `o${last}` }])).toEqual([]);
});
