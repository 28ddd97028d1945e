import { parseDuration } from '#component';
import type { Config } from '../config/index.ts';
import { compareRecord, pairUp, say, type Difference, type ExpectedRecord } from './match.ts';
import type { PlainRecord } from '../pipeline/index.ts';
import { saySeverity } from './record.ts';
import { Rehearsal } from './rehearsal.ts';
import type { TestCase, TestStep } from './test-file.ts';

/** A record that was expected and did not come, beside the one that comes closest. */
export interface Miss {
  /** Its place in the expectation, from 1. */
  readonly number: number;
  readonly expected: ExpectedRecord;
  readonly closest?: { readonly number: number; readonly differences: readonly Difference[] };
}

export interface Failure {
  readonly position: string;
  readonly step: number;
  readonly message: string;
  readonly misses?: readonly Miss[];
  /** What came and nobody expected, each in one line. */
  readonly surplus?: readonly string[];
}

export interface TestResult {
  readonly name: string;
  readonly position: string;
  readonly failures: readonly Failure[];
}

/** Plays one test against its pipeline. Rejects only when the configuration cannot start. */
export async function runTest(config: Config, test: TestCase): Promise<TestResult> {
  const pipeline = test.pipeline ?? config.service.pipelines[0]?.id ?? '';
  const rehearsal = new Rehearsal({ config, pipeline, start: test.start, seed: test.seed });
  const run = new Run(rehearsal);
  try {
    await rehearsal.start();
    for (const [i, step] of test.steps.entries()) await run.play(step, i + 1);
    run.end(test);
  } finally {
    await rehearsal.stop();
  }
  return { name: test.name, position: test.position, failures: run.failures };
}

class Run {
  readonly failures: Failure[] = [];
  readonly #rehearsal: Rehearsal;
  #dropped: Readonly<Record<string, number>> = {};
  #refusal: string | undefined;

  constructor(rehearsal: Rehearsal) {
    this.#rehearsal = rehearsal;
  }

  async play(step: TestStep, number: number): Promise<void> {
    await this.#act(step);
    const failure = this.#look(step);
    if (failure) this.failures.push({ position: step.position, step: number, ...failure });
    for (const message of this.#rehearsal.takeComplaints())
      this.failures.push({ position: step.position, step: number, message: `logged at ERROR: ${message}` });
  }

  /** What nobody looked at may be what the test should have forbidden. */
  end({ steps, position }: TestCase): void {
    const at = steps.at(-1)?.position ?? position;
    const left = this.#rehearsal.take();
    if (left.length > 0) {
      const message = `${count(left.length, 'record')} came out that no step looked at; add an expect, or expect_count where only the number matters`;
      this.failures.push({ position: at, step: steps.length, message, surplus: left.map(sayRecord) });
    }
    const { unaccounted } = this.#rehearsal;
    if (unaccounted !== 0)
      this.failures.push({
        position: at,
        step: steps.length,
        message: `the books do not balance: ${count(unaccounted, 'record')} unaccounted for`,
      });
  }

  async #act(step: TestStep): Promise<void> {
    const rehearsal = this.#rehearsal;
    if (step.kind === 'send') this.#refusal = await rehearsal.send(step.records);
    else if (step.kind === 'lines') this.#refusal = await rehearsal.write(step.lines, step.file);
    else if (step.kind === 'advance') await rehearsal.advance(parseDuration(step.duration));
    else if (step.kind === 'restart') await rehearsal.restart();
    else if (step.kind === 'kill') {
      await rehearsal.kill();
      this.#dropped = {};
    } else if (step.kind === 'stop') await rehearsal.stop();
  }

  #look(step: TestStep): Omit<Failure, 'position' | 'step'> | undefined {
    switch (step.kind) {
      case 'expect':
      case 'expect_any_order':
      case 'expect_some':
        return compareAll(step.kind, step.records, this.#rehearsal.take());
      case 'expect_nothing':
        return compareCount(0, this.#rehearsal.take());
      case 'expect_count':
        return compareCount(step.count, this.#rehearsal.take());
      case 'expect_dropped':
        return this.#compareDropped(step.dropped);
      case 'expect_metric':
        return compareMetric(step, this.#rehearsal.metric(step.name, step.labels));
      case 'expect_refused':
        return this.#refusal === undefined ? { message: 'expected the records to be refused, they were taken' } : undefined;
      case 'send':
        // A refusal that the next step does not expect is told there, where the records are missed.
        return undefined;
      default:
        return undefined;
    }
  }

  #compareDropped(expected: Readonly<Record<string, number>>): { readonly message: string } | undefined {
    const now = this.#rehearsal.dropped;
    const since = Object.fromEntries(
      Object.entries(now)
        .map(([reason, rows]) => [reason, rows - (this.#dropped[reason] ?? 0)] as const)
        .filter(([, rows]) => rows > 0),
    );
    this.#dropped = now;
    const reasons = new Set([...Object.keys(expected), ...Object.keys(since)]);
    const isEqual = [...reasons].every((reason) => (expected[reason] ?? 0) === (since[reason] ?? 0));
    return isEqual ? undefined : { message: `expected dropped ${say(expected)}, got ${say(since)}` };
  }
}

type Look = 'expect' | 'expect_any_order' | 'expect_some';

function compareAll(
  kind: Look,
  expected: readonly ExpectedRecord[],
  actual: readonly PlainRecord[],
): Omit<Failure, 'position' | 'step'> | undefined {
  const pairs = pairUp(expected, actual, kind === 'expect');
  const taken = new Set(pairs);
  const left = [...actual.keys()].filter((j) => !taken.has(j));
  const missed = pairs.flatMap((j, i) => (j < 0 ? [i] : []));
  const isSurplus = kind !== 'expect_some' && left.length > 0;
  if (missed.length === 0 && !isSurplus) return undefined;

  if (kind === 'expect' && expected.length === actual.length && pairUp(expected, actual, false).every((j) => j >= 0)) {
    return { message: 'the records came in another order', surplus: actual.map(sayRecord) };
  }
  const misses = missed.map((i) => toMiss(i, expected[i] ?? {}, left, actual));
  const shown = new Set(misses.flatMap(({ closest }) => (closest ? [closest.number - 1] : [])));
  const surplus = isSurplus ? left.filter((j) => !shown.has(j)).map((j) => sayRecord(actual[j] as PlainRecord)) : [];
  const message = `expected ${kind === 'expect_some' ? 'at least ' : ''}${count(expected.length, 'record')}, ${actual.length} came`;
  return { message, misses, ...(surplus.length > 0 && { surplus }) };
}

/** The closest of what nobody took: the one with the fewest fields that differ. */
function toMiss(i: number, expected: ExpectedRecord, left: readonly number[], actual: readonly PlainRecord[]): Miss {
  let closest: Miss['closest'];
  for (const j of left) {
    const differences = compareRecord(expected, actual[j] as PlainRecord);
    if (!closest || differences.length < closest.differences.length) closest = { number: j + 1, differences };
  }
  return { number: i + 1, expected, ...(closest && { closest }) };
}

function compareCount(expected: number, actual: readonly PlainRecord[]): Omit<Failure, 'position' | 'step'> | undefined {
  if (actual.length === expected) return undefined;
  const surplus = actual.map(sayRecord);
  return {
    message: `expected ${expected === 0 ? 'nothing' : count(expected, 'record')}, ${actual.length} came`,
    ...(surplus.length > 0 && { surplus }),
  };
}

interface ExpectedMetric {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | string;
}

function compareMetric({ name, labels, value }: ExpectedMetric, actual: number | undefined): { readonly message: string } | undefined {
  const shown = Object.keys(labels).length === 0 ? name : `${name} ${say(labels)}`;
  if (actual === undefined) return { message: `expected ${shown} to be ${value}, there is no such metric` };
  const [, operator = '==', bound = String(value)] = typeof value === 'string' ? (/^([<>=!]+) ?(.+)$/.exec(value) ?? []) : [];
  return holds(actual, operator, Number(bound)) ? undefined : { message: `expected ${shown} to be ${value}, it is ${actual}` };
}

function holds(actual: number, operator: string, bound: number): boolean {
  if (operator === '<') return actual < bound;
  if (operator === '<=') return actual <= bound;
  if (operator === '>') return actual > bound;
  if (operator === '>=') return actual >= bound;
  return operator === '!=' ? actual !== bound : actual === bound;
}

/** A record in one line: severity, body, attributes. */
function sayRecord({ severity, body, attributes }: PlainRecord): string {
  const level = severity === 0 ? '' : `${saySeverity(severity)} `;
  return `${level}${say(body)}${Object.keys(attributes).length === 0 ? '' : ` ${say(attributes)}`}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
