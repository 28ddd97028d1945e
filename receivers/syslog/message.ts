import type { SharedAttributes } from '#model';
import type { Intake, Piece } from '#net';
import { severityOf } from './priority.ts';

const SPACE = 0x20;

/** Adds a message without the white space, line ends and NULs around it that some senders put there. Nothing is nothing. */
export function addMessage(intake: Intake, { bytes, from, to }: Piece, shared: SharedAttributes): void {
  let first = from;
  let last = to;
  while (last > first && (bytes[last - 1] as number) <= SPACE) last--;
  while (first < last && (bytes[first] as number) <= SPACE) first++;
  if (first === last) return;
  intake.add(bytes, first, last, (batch, row) => {
    // The parser says the same of what it understands.
    batch.severity[row] = severityOf(bytes, first, last);
    if (shared.entries.size > 0) batch.sharedOf[row] = batch.addShared(shared);
  });
}
