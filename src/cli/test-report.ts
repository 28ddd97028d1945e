import { say, type Difference, type Failure, type Miss, type TestResult } from '../rehearsal/index.ts';

/** The part of picocolors that is used here. */
type Colors = Readonly<Record<'green' | 'red' | 'dim' | 'bold', (text: string) => string>>;

// A pipeline that lets everything through must not print everything.
const SURPLUS_SHOWN_MAX = 10;

/** The results for people: a line for each test, and for each failure what was expected beside what came. */
export function formatResults(results: readonly TestResult[], colors: Colors): string {
  const lines: string[] = [];
  for (const { name, position, failures } of results) {
    if (failures.length === 0) {
      lines.push(`${colors.green('ok  ')} ${name}`);
      continue;
    }
    lines.push(`${colors.red('FAIL')} ${colors.bold(name)} ${colors.dim(position)}`);
    for (const failure of failures) lines.push(...formatFailure(failure, colors).map((line) => `     ${line}`));
  }
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const passed = results.length - failed;
  lines.push('', failed === 0 ? colors.green(`${passed} passed`) : `${colors.red(`${failed} failed`)}, ${passed} passed`);
  return `${lines.join('\n')}\n`;
}

function formatFailure({ position, step, message, misses = [], surplus = [] }: Failure, colors: Colors): string[] {
  const shown = surplus.slice(0, SURPLUS_SHOWN_MAX);
  const more = surplus.length - shown.length;
  return [
    `${colors.dim(`${position}:`)} step ${step}: ${message}`,
    ...misses.flatMap((miss) => formatMiss(miss, colors)).map((line) => `  ${line}`),
    ...(shown.length > 0 ? ['  came:'] : []),
    ...shown.map((record) => `    ${colors.red(`+ ${record}`)}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ];
}

function formatMiss({ number, expected, closest }: Miss, colors: Colors): string[] {
  if (!closest) return [`record ${number} did not come: ${colors.green(`- ${say(expected)}`)}`];
  const lines = [`record ${number} did not come; closest is what came as number ${closest.number}:`];
  for (const difference of closest.differences) lines.push(...formatDifference(difference, colors));
  if (closest.differences.length === 0) lines.push('  it has all of it, but stands in another place');
  return lines;
}

function formatDifference({ field, expected, actual }: Difference, colors: Colors): string[] {
  return [`  ${field}`, `    ${colors.green(`- expected ${expected}`)}`, `    ${colors.red(`+ came     ${actual}`)}`];
}
