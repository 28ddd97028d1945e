import { SeverityNumber, keyOf, resourceAttributes, severityName, toJson, type AttributeValue, type LogBatch, type Origin } from '#model';
import { anyMatches, equalTest, onceForEach, patternTest, type KeyValueMatch } from '#operators';
import type { MatchConfig } from './config.ts';

type ValueTest = (value: AttributeValue) => boolean;

/** Takes a batch and tells of each of its rows whether it is meant. */
export type Matcher = (batch: LogBatch) => (row: number) => boolean;

/** Compiles `include` or `exclude`. The cheapest questions come first. */
export function createMatcher(config: MatchConfig): Matcher {
  const isRegexp = config.match_type === 'regexp';
  const toTextTest = isRegexp ? patternTest : equalTest;
  const toValueTest = isRegexp ? valuePatternTest : valueEqualTest;
  const isSevere = config.severity_number && severityTest(config.severity_number);
  const severityTexts = (config.severity_texts ?? []).map(toTextTest);
  const bodies = (config.bodies ?? []).map(toTextTest);
  const attributes = (config.record_attributes ?? []).map(({ key, value }) => ({ key: keyOf(key), test: toValueTest(value) }));
  const isResource = resourceTest(config.resource_attributes ?? [], toValueTest);
  return (batch) => (row) => {
    if (isSevere && !isSevere(batch.severity[row] as number)) return false;
    if (!isResource(batch.resources[batch.resourceOf[row] as number] as Origin)) return false;
    for (const { key, test } of attributes) {
      const value = batch.attribute(row, key);
      if (value === undefined || !test(value)) return false;
    }
    if (severityTexts.length > 0 && !anyMatches(severityTexts, batch.severityText(row))) return false;
    return bodies.length === 0 || anyMatches(bodies, batch.bodyText(row));
  };
}

function severityTest({
  min = '',
  match_undefined: matchesUndefined,
}: NonNullable<MatchConfig['severity_number']>): (severity: number) => boolean {
  const least = severityOf(min);
  return (severity) => (severity === SeverityNumber.unspecified ? matchesUndefined : severity >= least);
}

/** The number of `INFO`, `info2` or `9`. */
function severityOf(min: string | number): number {
  const name = String(min).toUpperCase();
  const numbers = Array.from({ length: 24 }, (_, i) => i + 1);
  return numbers.find((number) => severityName(number) === name || String(number) === name) ?? SeverityNumber.unspecified;
}

function resourceTest(wanted: readonly KeyValueMatch[], toValueTest: (value: unknown) => ValueTest): (resource: Origin) => boolean {
  if (wanted.length === 0) return () => true;
  const tests = wanted.map(({ key, value }) => ({ key, test: toValueTest(value) }));
  return onceForEach((resource) => {
    const attributes = resourceAttributes(resource);
    return tests.every(({ key, test }) => {
      const own = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
      return own !== undefined && test(own);
    });
  });
}

/** Same type and equal: "1" is not 1. */
function valueEqualTest(wanted: unknown): ValueTest {
  if (wanted === undefined || wanted === null) return () => true;
  if (typeof wanted !== 'object') return (value) => value === wanted;
  const json = JSON.stringify(wanted);
  return (value) => typeof value === 'object' && value !== null && toJson(value) === json;
}

/** Lists, maps and bytes never match a pattern. */
function valuePatternTest(pattern: unknown): ValueTest {
  if (typeof pattern !== 'string') return () => true;
  const test = patternTest(pattern);
  return (value) => value !== null && typeof value !== 'object' && test(String(value));
}
