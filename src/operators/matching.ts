import type { PropertySchema } from '#component';
import type { Origin } from '#model';
import { compilePattern } from './regex/pattern.ts';

/** An attribute that a record or its resource must have; without a value, any. */
export interface KeyValueMatch {
  key: string;
  value?: unknown;
}

export type TextTest = (text: string) => boolean;

/** For `match_type: strict`. */
export function equalTest(wanted: string): TextTest {
  return (text) => text === wanted;
}

/** For `match_type: regexp`: a pattern in RE2 syntax. Throws RangeError. */
export function patternTest(pattern: string): TextTest {
  const { regex } = compilePattern(pattern);
  return (text) => regex.test(text);
}

export function anyMatches(tests: readonly TextTest[], text: string): boolean {
  return tests.some((test) => test(text));
}

/** Remembers the answer for each resource or scope: they are the same objects from batch to batch. */
export function onceForEach(test: (origin: Origin) => boolean): (origin: Origin) => boolean {
  const answers = new WeakMap<Origin, boolean>();
  return (origin) => {
    let answer = answers.get(origin);
    if (answer === undefined) answers.set(origin, (answer = test(origin)));
    return answer;
  };
}

export function keyValuesSchema(description: string): PropertySchema {
  return {
    type: 'array',
    description,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['key'],
      properties: {
        key: { type: 'string', minLength: 1, description: 'Name of the attribute.' },
        value: { description: 'Its value. Without it, the attribute only has to be there.' },
      },
    },
  };
}
