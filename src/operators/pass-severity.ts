import type { PropertySchema } from '#component';

const NUMBERS = { TRACE: 1, DEBUG: 5, INFO: 9, WARN: 13, ERROR: 17, FATAL: 21, none: 25 } as const;

/** From which severity on records are let through, whatever else is configured. */
export type PassSeverity = keyof typeof NUMBERS;

/** The option `pass_severity`. */
export const passSeverity: PropertySchema = {
  type: 'string',
  enum: Object.keys(NUMBERS),
  default: 'ERROR',
  description: 'Records of this severity and above always pass. none: severity does not matter.',
};

/** The least SeverityNumber that passes; above all that there are for `none`. */
export function severityOf(name: PassSeverity): number {
  return NUMBERS[name];
}
