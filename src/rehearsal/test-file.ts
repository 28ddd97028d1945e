import { ConfigError, type Labels } from '#component';
import { splitText } from './split-text.ts';
import { joinPath, type Node } from '../config/node.ts';
import { parseYaml } from '../config/parse-yaml.ts';
import { createSource, positionOf, type Place } from '../config/place.ts';
import { Report } from '../config/report.ts';
import { hint } from '../config/suggest.ts';
import { Validator } from '../config/validate.ts';
import { MATCHER_NAMES, unknownMatchers, type ExpectedRecord } from './match.ts';
import { parseTime, type WrittenRecord } from './record.ts';
import { ACTIONS, testFileSchema } from './test-schema.ts';

type Action =
  | { readonly kind: 'send'; readonly records: readonly WrittenRecord[] }
  | { readonly kind: 'lines'; readonly lines: readonly string[]; readonly file: string | undefined }
  | { readonly kind: 'advance'; readonly duration: string }
  | { readonly kind: 'restart' | 'kill' | 'stop' | 'expect_nothing' | 'expect_refused' }
  | { readonly kind: 'expect' | 'expect_any_order' | 'expect_some'; readonly records: readonly ExpectedRecord[] }
  | { readonly kind: 'expect_count'; readonly count: number }
  | { readonly kind: 'expect_dropped'; readonly dropped: Readonly<Record<string, number>> }
  | { readonly kind: 'expect_metric'; readonly name: string; readonly labels: Labels; readonly value: number | string };

export type TestStep = Action & { readonly position: string };

export interface TestCase {
  readonly name: string;
  readonly pipeline: string | undefined;
  readonly start: number;
  readonly seed: number;
  readonly steps: readonly TestStep[];
  readonly position: string;
}

export interface TestFile {
  readonly env: Readonly<Record<string, string>>;
  readonly tests: readonly TestCase[];
}

/** The form of a file after the schema has passed. */
interface RawFile {
  readonly env: Readonly<Record<string, string>>;
  readonly tests: readonly RawTest[];
}

interface RawTest {
  readonly name: string;
  readonly pipeline?: string;
  readonly start: string;
  readonly seed: number;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
}

/** Reads the tests in `text`. Throws ConfigError with every mistake and its place. */
export function readTestFile(text: string, name: string): TestFile {
  const report = new Report();
  const source = createSource(name, 0);
  const root = parseYaml(text, source, report);
  report.throwIfAny();
  if (!root) throw new ConfigError([{ path: '', message: 'expected tests, got nothing', position: name }]);
  const raw = new Validator(report).check(testFileSchema, root, '', root.at);
  report.throwIfAny();
  // The schema above has just established this form.
  const file = new FileReader(report).read(raw as RawFile, root);
  report.throwIfAny();
  return file;
}

class FileReader {
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  read({ env, tests }: RawFile, root: Node): TestFile {
    const names = new Set<string>();
    const read = tests.map((test, i) => {
      const node = child(child(root, 'tests'), i);
      const path = joinPath('tests', i);
      if (names.has(test.name)) this.#report.error(node.at, path, `${JSON.stringify(test.name)} is the name of two tests; change one`);
      names.add(test.name);
      return this.#readTest(test, node, path);
    });
    return { env, tests: read };
  }

  #readTest({ name, pipeline, start, seed, steps }: RawTest, node: Node, path: string): TestCase {
    const startMs = parseTime(start, 0) ?? Number.NaN;
    if (Number.isNaN(startMs))
      this.#report.error(node.at, joinPath(path, 'start'), `expected a time such as "2026-01-30T12:00:00Z", got "${start}"`);
    const read = steps.map((raw, i) => {
      const at = child(child(node, 'steps'), i).at;
      return { ...this.#readStep(raw, at, joinPath(joinPath(path, 'steps'), i), startMs), position: positionOf(at) };
    });
    const stop = read.findIndex(({ kind }) => kind === 'stop');
    for (const [i, { kind }] of read.entries()) {
      if (stop >= 0 && i > stop && !kind.startsWith('expect'))
        this.#report.error(
          child(child(node, 'steps'), i).at,
          joinPath(joinPath(path, 'steps'), i),
          'only expectations may follow "stop"; write "restart" to go on',
        );
    }
    if (!read.some(({ kind }) => kind.startsWith('expect')))
      this.#report.error(node.at, path, 'expected at least one expectation among the steps, got none; a test without one cannot fail');
    return { name, pipeline, start: startMs, seed, steps: read, position: positionOf(node.at) };
  }

  #readStep(raw: Readonly<Record<string, unknown>>, at: Place, path: string, start: number): Action {
    const kinds = Object.keys(raw).filter((key) => key !== 'file');
    const [kind = ''] = kinds;
    if (kinds.length !== 1)
      this.#report.error(
        at,
        path,
        `expected one action or expectation, got ${kinds.length === 0 ? 'none' : kinds.join(', ')}${kinds.length === 0 ? hint('', ACTIONS, 'actions') : '; make each a step of its own'}`,
      );
    if ('file' in raw && kind !== 'lines')
      this.#report.error(at, path, '"file" says where "lines" are appended; there are none in this step');
    for (const name of kind.startsWith('expect') ? unknownMatchers(raw[kind]) : [])
      this.#report.error(at, path, `"${name}" is not a matcher${hint(name, MATCHER_NAMES, 'matchers')}`);
    if (kind === 'send') this.#checkTimes(raw['send'], at, path, start);
    return toAction(kind, raw);
  }

  #checkTimes(records: unknown, at: Place, path: string, start: number): void {
    for (const { time } of records as readonly WrittenRecord[]) {
      if (time !== undefined && parseTime(time, start) === undefined)
        this.#report.error(at, path, `expected a time such as "2026-01-30T12:00:00Z" or "+90s", got "${time}"`);
    }
  }
}

/** The step as the schema has let it pass; each cast is what it says of that key. */
function toAction(kind: string, raw: Readonly<Record<string, unknown>>): Action {
  const value = raw[kind];
  switch (kind) {
    case 'send':
      return { kind, records: value as readonly WrittenRecord[] };
    case 'lines':
      return {
        kind,
        lines: typeof value === 'string' ? splitText(value) : (value as readonly string[]),
        file: raw['file'] as string | undefined,
      };
    case 'advance':
      return { kind, duration: value as string };
    case 'expect':
    case 'expect_any_order':
    case 'expect_some':
      return { kind, records: value as readonly ExpectedRecord[] };
    case 'expect_count':
      return { kind, count: value as number };
    case 'expect_dropped':
      return { kind, dropped: value as Readonly<Record<string, number>> };
    case 'expect_metric':
      return { kind, ...(value as { readonly name: string; readonly labels: Labels; readonly value: number | string }) };
    case 'restart':
    case 'kill':
    case 'stop':
    case 'expect_refused':
      return { kind };
    default:
      return { kind: 'expect_nothing' };
  }
}

const NOWHERE: Node = { kind: 'scalar', at: { source: createSource('', 0), offset: 0 }, value: null, text: '', isReferred: false };

function child(node: Node, key: string | number): Node {
  if (node.kind === 'map') return node.entries.get(String(key))?.value ?? NOWHERE;
  return node.kind === 'list' ? (node.items[Number(key)] ?? NOWHERE) : NOWHERE;
}
