import type { Call, FunctionDefinition } from '../call.ts';
import { compileMatch, locatedTest, matchesText } from '../pattern.ts';
import { hasBytesAt } from '../text-locator.ts';
import { toText } from '../value.ts';

export const TEXT_CONVERTERS: Readonly<Record<string, FunctionDefinition>> = {
  IsMatch: {
    parameters: ['target', 'pattern'],
    compile: (call) => {
      const regex = patternOf(call, 'pattern', compileMatch);
      const { evaluate, path } = call.expression('target');
      const locator = path?.locator?.();
      const general = (batch: Parameters<typeof evaluate>[0], row: number): boolean => {
        const text = toText(evaluate(batch, row));
        return text !== null && matchesText(regex, text);
      };
      return locator ? locatedTest(locator, ({ bytes, from, to }) => regex.match(bytes, from, to), general) : general;
    },
  },
  HasPrefix: { parameters: ['value', 'prefix'], compile: (call) => affix(call, 'prefix') },
  HasSuffix: { parameters: ['value', 'suffix'], compile: (call) => affix(call, 'suffix') },
};

function affix(call: Call, which: 'prefix' | 'suffix'): ReturnType<FunctionDefinition['compile']> {
  const value = call.text('value');
  const wanted = call.text(which);
  const { constant } = call.expression(which);
  const locator = call.expression('value').path?.locator?.();
  const general = (batch: Parameters<typeof value>[0], row: number): boolean =>
    which === 'prefix' ? value(batch, row).startsWith(wanted(batch, row)) : value(batch, row).endsWith(wanted(batch, row));
  if (!locator || typeof constant !== 'string') return general;
  const bytes = Buffer.from(constant);
  return locatedTest(locator, (found) => hasBytesAt(found, bytes, which === 'prefix' ? found.from : found.to - bytes.length), general);
}

/** Compiles the pattern in an argument; what is wrong with it is told at its place. */
export function patternOf<Compiled>(call: Call, name: string, compile: (pattern: string) => Compiled): Compiled {
  try {
    return compile(call.constantText(name));
  } catch (problem) {
    if (problem instanceof RangeError && problem.name !== 'OttlMistake') return call.fail(name, `is no pattern: ${problem.message}`);
    throw problem;
  }
}
