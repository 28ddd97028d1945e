import { ValueType, keyOf, type LogBatch } from '#model';
import type { Operator } from './ast.ts';
import { compareValues, holds } from './compare.ts';
import type { Expression, Path, Test } from './expression.ts';
import { isTextEqual } from './text-locator.ts';
import type { Value } from './value.ts';

const FLIPPED: Readonly<Record<Operator, Operator>> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** Compiles a comparison. The common ones are answered on the columns, without a string or an object. */
export function compileComparison(operator: Operator, left: Expression, right: Expression): Test {
  const quick =
    left.path && right.isConstant
      ? quickTest(operator, left.path, right.constant ?? null)
      : right.path && left.isConstant
        ? quickTest(FLIPPED[operator], right.path, left.constant ?? null)
        : undefined;
  if (quick) return quick;
  const { evaluate: one } = left;
  const { evaluate: other } = right;
  return (batch, row) => compareValues(operator, one(batch, row), other(batch, row));
}

function quickTest(operator: Operator, path: Path, constant: Value): Test | undefined {
  if (path.field === 'severity_number' && typeof constant === 'number') return severityTest(operator, constant);
  if (typeof constant === 'string' && (operator === '==' || operator === '!=')) return textTest(operator, path, constant);
  if (typeof constant === 'number' && path.attribute !== undefined) return numberTest(operator, path, constant);
  return undefined;
}

function severityTest(operator: Operator, number: number): Test {
  switch (operator) {
    case '<':
      return (batch, row) => (batch.severity[row] as number) < number;
    case '>=':
      return (batch, row) => (batch.severity[row] as number) >= number;
    default:
      return (batch, row) => holds(operator, (batch.severity[row] as number) - number);
  }
}

/** What is no text is unequal to one. */
function textTest(operator: Operator, path: Path, text: string): Test | undefined {
  const locator = path.locator?.();
  if (!locator) return undefined;
  const wanted = Buffer.from(text);
  const isEqual = operator === '==';
  return (batch, row) => (locator.find(batch, row) && isTextEqual(locator, wanted)) === isEqual;
}

function numberTest(operator: Operator, path: Path, number: number): Test {
  const key = keyOf(path.attribute ?? '');
  const { get } = path;
  return (batch: LogBatch, row: number) => {
    const table = batch.attributes;
    const slot = table.find(row, key);
    const type = slot < 0 ? ValueType.none : table.type[slot];
    if (type !== ValueType.int && type !== ValueType.double) return compareValues(operator, get(batch, row), number);
    const own = table.number[slot] as number;
    return Number.isNaN(own) ? operator === '!=' : holds(operator, own < number ? -1 : own > number ? 1 : 0);
  };
}
