import type { LogBatch } from '#model';
import { isTrue, parseCondition, type Expression } from '../expression/parse.ts';
import { compileMatcher, type Matcher } from '../regex/compile.ts';
import type { Group } from './group.ts';
import { Verdict, type Rule, type Text } from './rule.ts';

const MATCHED = 0;
const UNMATCHED = 1;

/** Says of a row whether it is the first, or the last, of a group. Throws RangeError. */
type Test = (batch: LogBatch, row: number, text: Text) => boolean;

export function createConditionTest(condition: string): Test {
  const expression: Expression = parseCondition(condition);
  return (batch, row) => isTrue(expression, batch, row);
}

export function createPatternTest(pattern: string): Test {
  const matcher: Matcher = compileMatcher(pattern);
  return (_batch, _row, { bytes, from, to }) => matcher.match(bytes, from, to);
}

/** Groups begin where a test says so. Rows before the first are joined up to a number of them. */
export class FirstEntries implements Rule {
  stateAfter: number = MATCHED;
  readonly #isFirst: Test;
  readonly #unmatchedMax: number;

  constructor(isFirst: Test, unmatchedMax: number) {
    this.#isFirst = isFirst;
    this.#unmatchedMax = unmatchedMax === 0 ? Infinity : unmatchedMax;
  }

  decide(batch: LogBatch, row: number, text: Text, group: Group | undefined): number {
    this.stateAfter = MATCHED;
    if (this.#isFirst(batch, row, text)) return Verdict.starts;
    if (group?.state === MATCHED) return Verdict.joins;
    this.stateAfter = UNMATCHED;
    const rows = (group?.rows ?? 0) + 1;
    const joins = group ? Verdict.joins : Verdict.starts;
    return rows >= this.#unmatchedMax ? joins | Verdict.ends : joins;
  }
}

/** Groups end where a test says so. */
export class LastEntries implements Rule {
  readonly stateAfter: number = MATCHED;
  readonly #isLast: Test;

  constructor(isLast: Test) {
    this.#isLast = isLast;
  }

  decide(batch: LogBatch, row: number, text: Text, group: Group | undefined): number {
    const joins = group ? Verdict.joins : Verdict.starts;
    return this.#isLast(batch, row, text) ? joins | Verdict.ends : joins;
  }
}
