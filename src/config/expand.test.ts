import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Expander } from './expand.ts';
import { nodeOf, toPlain } from './node.ts';
import { createFixedSource } from './place.ts';
import { Report } from './report.ts';

const at = { source: createFixedSource('here', 0), offset: 0 };

function expand(value: unknown, env: Record<string, string> = {}): { value: unknown; problems: string[]; warnings: string[] } {
  const report = new Report();
  const node = new Expander({ env, cwd: '/', report }).expand(nodeOf(value, at));
  return {
    value: toPlain(node),
    problems: report.problems.map(({ message }) => message),
    warnings: report.warnings.map(({ message }) => message),
  };
}

describe('a reference', () => {
  const CASES: readonly (readonly [what: string, written: string, env: Record<string, string>, got: unknown])[] = [
    ['that is the whole value takes the type its content has as YAML', '${env:N}', { N: '5' }, 5],
    ['may bring a boolean', '${env:N}', { N: 'true' }, true],
    ['may bring a list', '${env:N}', { N: '[a, 2]' }, ['a', 2]],
    ['may bring a map', '${env:N}', { N: '{a: {b: 1}}' }, { a: { b: 1 } }],
    ['inside other text is text', 'x${env:N}', { N: '5' }, 'x5'],
    ['beside another is text', '${env:N}${env:N}', { N: '5' }, '55'],
    ['may leave out env:', '${N}', { N: 'v' }, 'v'],
    ['takes its default when the variable is not set', '${env:N:-7}', {}, 7],
    ['takes a default that has colons', '${env:N:-http://a:1}', {}, 'http://a:1'],
    ['takes a default without env:', '${N:-d}', {}, 'd'],
    ['takes no default when the variable is set but empty', 'x${env:N:-d}', { N: '' }, 'x'],
    ['may be part of a name', '${env:A_${env:B}}', { B: 'C', A_C: '1' }, 1],
    ['may be a default', '${env:A:-${env:B:-c}}', {}, 'c'],
    ['is followed further', '${env:A}', { A: '${env:B}', B: 'b' }, 'b'],
    ['is followed inside a map that came out of one', '${env:A}', { A: '{x: "${env:B}"}', B: 'b' }, { x: 'b' }],
    ['may be YAML itself', '${yaml:[1, 2]}', {}, [1, 2]],
    ['that brings no YAML brings text', '${env:A}', { A: 'a: b: c' }, 'a: b: c'],
    ['that brings text brings it as it is', '${env:A}', { A: '"quoted"' }, '"quoted"'],
    ['is escaped by doubling the dollar', '$${env:A}', { A: 'a' }, '${env:A}'],
    ['is not escaped by two pairs', '$$$${env:A}', { A: 'a' }, '$${env:A}'],
    ['is not escaped by a pair before it', '$$ ${env:A}', { A: 'a' }, '$ a'],
    ['needs braces', '$A ^foo$', { A: 'a' }, '$A ^foo$'],
    ['needs both braces', '${env:A', { A: 'a' }, '${env:A'],
    ['does not care for other braces', '{a} ${env:A} }', { A: 'a' }, '{a} a }'],
    ['replaces only itself', '${env:A}', { A: '$&' }, '$&'],
  ];

  test.each(CASES)('%s', (_what, written, env, got) => {
    expect(expand({ key: written }, env)).toEqual({ value: { key: got }, problems: [], warnings: [] });
  });

  test('to a variable that is not set is empty, with a warning', () => {
    expect(expand('a${NONE}b')).toEqual({
      value: 'ab',
      problems: [],
      warnings: ['the environment variable NONE is not set, so this is empty; set it, or write ${env:NONE:-default}'],
    });
  });

  test('as a whole to a variable that is not set is null', () => {
    expect(expand(['${env:NONE}'])).toMatchObject({ value: [null], problems: [] });
  });

  test('is never looked for in keys', () => {
    expect(expand({ '${env:A}': 1 }, { A: 'a' }).value).toEqual({ '${env:A}': 1 });
  });

  test('does not reach what every object has', () => {
    expect(expand('${env:toString}').warnings).toHaveLength(1);
  });
});

describe('a reference that leads back to itself is reported', () => {
  test.each([
    ['at once', { A: '${env:A}' }],
    ['by a detour', { A: '${env:B}', B: '${env:A}' }],
    ['growing by a letter', { A: 'x${env:A}' }],
    ['doubling each time', { A: '${env:A}${env:A}' }],
    ['inside a map', { A: '{a: "${env:A}", b: "${env:A}"}' }],
    ['inside a list', { A: '["${env:A}", "${env:A}", "${env:A}"]' }],
  ])('%s', (_how, env) => {
    expect(expand({ key: '${env:A}' }, env).problems.length).toBeGreaterThan(0);
  });
});

/**
 * Goal: expansion is right for texts nobody thought of. Method: a text is built of pieces whose expansion is known, so the
 * expected result needs no second implementation.
 */
test('text, references and escapes in any order expand each to its own', () => {
  const plain = fc.stringMatching(/^[a-z }:/.-]{1,6}$/).map((text) => ({ written: text, becomes: text }));
  const reference = fc.constantFrom('A', 'B').map((name) => ({ written: `\${env:${name}}`, becomes: `<${name}>` }));
  const fallback = fc.stringMatching(/^[a-z]{0,4}$/).map((text) => ({ written: `\${env:NONE:-${text}}`, becomes: text }));
  const escaped = fc.constantFrom('$${env:A}', '$$').map((text) => ({ written: text, becomes: text.slice(1) }));

  fc.assert(
    fc.property(fc.array(fc.oneof(plain, reference, fallback, escaped), { minLength: 2, maxLength: 8 }), (pieces) => {
      // A dollar right before `${` is the escape, so pieces are kept apart.
      const written = pieces.map((piece) => piece.written).join('|');
      const becomes = pieces.map((piece) => piece.becomes).join('|');
      expect(expand(written, { A: '<A>', B: '<B>' }).value).toBe(becomes);
    }),
  );
});
