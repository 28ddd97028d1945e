import type { ConfigProblem, PropertySchema } from '#component';

const NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const STEPS = 4;
/** Above all severities there are. */
const NONE = 25;
const EXPECTED = 'a severity such as ERROR, a number from 1 to 24, or none';

/** From which severity on records are let through, whatever else is configured. */
export type PassSeverity = string | number;

/** The option `pass_severity`. */
export const passSeverity: PropertySchema = {
  type: ['string', 'integer'],
  minimum: 1,
  maximum: NONE - 1,
  default: 'ERROR',
  expected: EXPECTED,
  description: 'Records of this severity and above always pass: a name in any case or a SeverityNumber. none: severity does not matter.',
};

/** What the schema cannot say of `pass_severity`. */
export function checkPassSeverity(value: PassSeverity): ConfigProblem[] {
  return numberOf(value) === undefined ? [{ path: 'pass_severity', message: `expected ${EXPECTED}, got "${value}"` }] : [];
}

/** The least SeverityNumber that passes; above all that there are for `none`. */
export function severityOf(value: PassSeverity): number {
  return numberOf(value) ?? NONE;
}

function numberOf(value: PassSeverity): number | undefined {
  if (typeof value === 'number') return value;
  const [, name = '', step = '1'] = /^([A-Z]+)([2-4])?$/.exec(value.toUpperCase()) ?? [];
  if (name === 'NONE') return NONE;
  const index = NAMES.indexOf(name);
  return index < 0 ? undefined : index * STEPS + Number(step);
}
