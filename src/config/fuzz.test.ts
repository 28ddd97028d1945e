/**
 * Goal: whatever stands in a file, a variable or a `--set`, the loader either gives a configuration or one ConfigError,
 * quickly, and leaves no trace on what other objects inherit. Method: arbitrary text, YAML-like text, and a valid
 * configuration with arbitrary mutations. fast-check prints the seed of a failure.
 */
import assert from 'node:assert';
import { performance } from 'node:perf_hooks';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError } from '#component';
import { exampleRegistry } from '../../test/helpers/example-components.ts';
import { formatEffective, loadConfig } from './index.ts';

const VALID = `receivers:
  file_log: &base { include: [/var/log/*.log], start_at: beginning }
  filelog/two: { <<: *base, operators: [{ type: json_parser }] }
processors:
  dedupe: { interval: 10s, rotation: }
exporters:
  otlp_http: { endpoint: "\${env:E:-http://localhost}", headers: { a: b }, tls: { insecure: true } }
service:
  pipelines:
    logs: { receivers: [file_log, filelog/two], processors: [dedupe], exporters: [otlp_http] }
`;

async function load(text: string, sets: readonly string[] = [], env: Record<string, string> = {}): Promise<boolean> {
  try {
    const config = await loadConfig({
      sources: ['env:CONFIG'],
      sets,
      env: { ...env, CONFIG: text },
      cwd: '/nonexistent',
      registry: exampleRegistry,
    });
    formatEffective(config, { defaults: true });
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert(error.problems.length > 0 && error.problems.length <= 201, `${error.problems.length} problems`);
    return false;
  }
}

afterEach(() => {
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

const fragment = fc.constantFrom(
  ': ',
  '- ',
  '\n',
  '\n  ',
  '\n\t',
  '{',
  '}',
  '[',
  ']',
  ',',
  '"',
  "'",
  '|',
  '>',
  '&a ',
  '*a',
  '<<: ',
  '? ',
  '!!map ',
  '%YAML 1.1',
  '---',
  '...',
  '#',
  '${env:A}',
  '${file:x}',
  '${yaml:{}}',
  '${',
  '$$',
  '__proto__',
  'constructor',
  'receivers',
  'service',
  'pipelines',
  'logs',
  'file_log',
  'null',
  '0x1F',
  '1e999',
  '\u0000',
  '\uFEFF',
  '𝒳',
);

test('the configuration that is mutated below is valid', async () => expect(await load(VALID)).toBe(true));

test('arbitrary text', async () => {
  await expect(
    fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: 'grapheme' })),
        async (text) => void (await load(text)),
      ),
      {
        numRuns: 300,
      },
    ),
  ).resolves.toBeUndefined();
});

test('text made of what YAML is made of', async () => {
  await expect(
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fragment, fc.string({ maxLength: 4 })), { maxLength: 40 }),
        async (parts) => void (await load(parts.join(''))),
      ),
      {
        numRuns: 500,
      },
    ),
  ).resolves.toBeUndefined();
});

test('a valid configuration with parts replaced, removed and repeated', async () => {
  await expect(
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            from: fc.nat(VALID.length),
            length: fc.nat(20),
            text: fc.oneof(fragment, fc.constant(''), fc.string({ maxLength: 5 })),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        async (edits) => {
          let text = VALID;
          for (const { from, length, text: inserted } of edits) text = text.slice(0, from) + inserted + text.slice(from + length);
          await load(text);
        },
      ),
      { numRuns: 500 },
    ),
  ).resolves.toBeUndefined();
});

test('arbitrary values set at arbitrary paths, arbitrary variables', async () => {
  const path = fc.array(
    fc.constantFrom(
      'receivers',
      'file_log',
      'exporters',
      'otlp_http',
      'service',
      'pipelines',
      'logs',
      'telemetry',
      '__proto__',
      'polluted',
      'x',
    ),
    { maxLength: 5 },
  );
  await expect(
    fc.assert(
      fc.asyncProperty(path, fc.oneof(fragment, fc.string()), fc.string(), async (keys, value, variable) => {
        await load(VALID, [`${keys.join('.')}=${value}`, `${keys.join('::')}=${value}`], { E: variable, A: variable });
      }),
      { numRuns: 300 },
    ),
  ).resolves.toBeUndefined();
});

describe('what is made to exhaust is refused in a moment', () => {
  const aliases = (levels: number): string =>
    [
      'a0: &a0 [x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: levels }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`),
    ].join('\n');

  test.each([
    ['aliases of aliases', aliases(20)],
    [
      'merge keys of merge keys',
      Array.from({ length: 60 }, (_, i) => `a${i}: &a${i} { ${i > 0 ? `<<: [*a${i - 1}, *a${i - 1}], ` : ''}k${i}: 1 }`).join('\n'),
    ],
    ['an alias inside its own anchor', 'receivers: &a { file_log: *a }'],
    ['brackets by the thousand', '['.repeat(100_000)],
    ['braces by the thousand', '{a: '.repeat(100_000)],
    ['indentation by the thousand', Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['megabytes of text', 'a: '.padEnd(5_000_000, 'x')],
    ['a key of a megabyte', `${'k'.repeat(1_000_000)}: 1`],
    ['thousands of unknown keys', Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')],
    ['thousands of dollars', `receivers: "${'$'.repeat(200_000)}{env:A}"`],
    ['thousands of references', `receivers: "${'${env:A}'.repeat(20_000)}"`],
    ['variables that double', 'receivers: "${env:LAUGH}"'],
  ])('%s', async (_what, text) => {
    const begin = performance.now();

    expect(await load(text, [], { LAUGH: '${env:LAUGH}${env:LAUGH}' })).toBe(false);

    // A tenth of a second is usual; the bound only catches what grows without one.
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});
