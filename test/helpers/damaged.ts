import * as fc from 'fast-check';

/** A change to a body, as a bad line or a hostile sender makes it. */
export interface Fault {
  readonly at: number;
  readonly byte: number;
  readonly kind: 'set' | 'cut' | 'double' | 'insert';
}

export const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.nat(),
  byte: fc.nat(255),
  kind: fc.constantFrom('set', 'cut', 'double', 'insert'),
});

/** The body with these faults, one after the other. */
export function damaged(body: Buffer, faults: readonly Fault[]): Buffer {
  let out = Buffer.from(body);
  for (const { at: anywhere, byte, kind } of faults) {
    const at = anywhere % Math.max(1, out.length);
    if (kind === 'set' && out.length > 0) out[at] = byte;
    else if (kind === 'cut') out = out.subarray(0, at);
    else if (kind === 'double') out = Buffer.concat([out, out.subarray(at)]);
    else if (kind === 'insert') out = Buffer.concat([out.subarray(0, at), Buffer.from([byte]), out.subarray(at)]);
  }
  return out;
}
