/** A nanosecond is the least that OTLP can tell. */
export const FRACTION_DIGITS_MAX = 9;
/** 10 to the power of the index. */
export const POWERS: Int32Array = Int32Array.from({ length: FRACTION_DIGITS_MAX + 1 }, (_, power) => 10 ** power);
