/** Sequences that colour what terminals show: `ESC [ 31 m`. Programs write them into files too, around levels above all. */

export const ESCAPE = 0x1b;
const OPEN = 0x5b;
/** Between the bracket and the letter at the end stand digits, `;` and `:`. */
const PARAMETER_MIN = 0x30;
const PARAMETER_MAX = 0x3b;

/** Where the sequences that begin at `from` end; `from` when none does. */
export function escapesEnd(bytes: Uint8Array, from: number, to: number): number {
  let end = from;
  while (end + 2 < to && bytes[end] === ESCAPE && bytes[end + 1] === OPEN) {
    let at = end + 2;
    while (at < to && (bytes[at] as number) >= PARAMETER_MIN && (bytes[at] as number) <= PARAMETER_MAX) at++;
    if (at === to) break;
    end = at + 1;
  }
  return end;
}
