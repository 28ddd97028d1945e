/**
 * Probability sampling as OpenTelemetry specifies it: 56 bits of randomness R, a rejection threshold T, and a record is
 * taken when R ≥ T. A JavaScript number is exact to 53 bits only, so both are kept as two halves of 28 bits.
 */
export interface Threshold {
  readonly high: number;
  readonly low: number;
  /** Hex digits without trailing zeros, `0` when everything passes; empty for NEVER, which has none. */
  readonly text: string;
}

const HALF_BITS = 28;
const HALF = 2 ** HALF_BITS;
const BITS = 56n;
const DIGITS = 14;
const PROBABILITY_MIN = 2 ** -56;

export const ALWAYS: Threshold = { high: 0, low: 0, text: '0' };
export const NEVER: Threshold = { high: HALF, low: 0, text: '' };

/** The threshold for a share of 0 to 1, with so many hex digits beyond leading 0s or fs. */
export function thresholdOf(probability: number, precision: number): Threshold {
  if (probability >= 1) return ALWAYS;
  if (!(probability >= PROBABILITY_MIN)) return NEVER;
  const digits = Math.min(DIGITS, precision + Math.max(leadingDigits(probability), leadingDigits(1 - probability)));
  const shift = 4n * BigInt(DIGITS - digits);
  // Exact: a double has 53 significant bits, and 2^56 times it loses none of those above one.
  let bits = (1n << BITS) - BigInt(Math.round(probability * 2 ** 56));
  if (shift > 0n) bits = ((bits + (1n << (shift - 1n))) >> shift) << shift;
  return bits >> BITS > 0n ? NEVER : fromBits(bits);
}

/** How many hex digits 0 a share begins with. */
function leadingDigits(share: number): number {
  return Math.floor(-Math.floor(Math.log2(share) + 1) / 4);
}

/** The threshold out of hex digits, or undefined when it is none. */
export function parseThreshold(text: string): Threshold | undefined {
  if (!/^[0-9a-f]{1,14}$/.test(text)) return undefined;
  return fromBits(BigInt(`0x${text.padEnd(DIGITS, '0')}`));
}

function fromBits(bits: bigint): Threshold {
  const text = bits.toString(16).padStart(DIGITS, '0').replace(/0+$/, '');
  return { high: Number(bits >> 28n), low: Number(bits & 0xfffffffn), text: text || '0' };
}

/** The share of records that pass. */
export function probabilityOf({ high, low }: Threshold): number {
  return 1 - (high * HALF + low) / 2 ** 56;
}

/** True when `a` lets no more pass than `b`. */
export function isAtLeast(a: Threshold, b: Threshold): boolean {
  return a.high > b.high || (a.high === b.high && a.low >= b.low);
}
