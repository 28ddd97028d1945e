import { Delivery, type Counter, type Host } from '#component';
import { LogBatch, hasTableRoom, keyOf, type Key } from '#model';
import { FILE_NAME, FILE_PATH, Sources } from '../sources.ts';
import { CombineField } from './combine-field.ts';
import { Group, NOT_HELD, createJoined } from './group.ts';
import { HeldRows } from './held-rows.ts';
import { Verdict, type Rule } from './rule.ts';

export interface JoinerOptions {
  readonly rule: Rule;
  readonly field: string;
  readonly separator: string;
  readonly isNewestKept: boolean;
  readonly rowsMax: number;
  readonly bytesMax: number;
  readonly sourcesMax: number;
  readonly heldBytesMax: number;
  readonly identifier: Key | undefined;
  /** The operator that joins; undefined for a processor, which is named by itself. */
  readonly operator?: string | undefined;
}

const IO_STREAM = keyOf('log.iostream');

/**
 * Joins the rows of groups. A group that begins and ends in one batch is joined where it is; the one that is open when
 * the batch ends is taken out of it and kept, since only the next row of its source tells whether it is whole. So of a
 * batch without traces one row for each source is copied, and nothing else.
 */
export class Joiner {
  readonly #options: JoinerOptions;
  readonly #separator: Buffer;
  readonly #field: CombineField;
  readonly #sources: Sources<Group>;
  readonly #held = new HeldRows();
  /** Groups with rows of earlier batches. */
  readonly #kept = new Set<Group>();
  /** Groups that had rows in the batch at hand, open ones and others. */
  readonly #here: Group[] = [];
  #batches = 0;
  /** Rows of the batch at hand that are no records of their own any more. */
  readonly #taken: number[] = [];
  #batch: LogBatch = new LogBatch();
  #heldRows = 0;
  #heldBytes = 0;
  #nowMs = 0;
  #merged: Counter | undefined;
  #cut: Counter | undefined;
  /** Groups of earlier batches that are whole, to be sent before the batch at hand. */
  readonly out: LogBatch = new LogBatch();

  constructor(options: JoinerOptions) {
    this.#options = options;
    this.#separator = Buffer.from(options.separator);
    this.#field = new CombineField(options.field);
    this.#sources = new Sources<Group>({
      max: options.sourcesMax,
      keys: options.identifier ? [options.identifier] : [FILE_PATH, IO_STREAM],
      isOwnOnly: options.identifier !== undefined,
      create: () => new Group(),
      onForget: (group) => this.#cutShort(group),
    });
  }

  start(host: Host): void {
    const { metrics } = host;
    const { operator } = this.#options;
    const labels = operator === undefined ? {} : { operator };
    this.#merged = metrics.counter('winnow_processor_merged_log_records', 'Records that became part of another one.', labels);
    this.#cut = metrics.counter('winnow_multiline_cut_groups', 'Groups that were sent before their end because of a bound.', labels);
    // Whole ones, too, while the next component takes nothing.
    const held = (): number => this.#heldRows + this.out.liveRows;
    metrics.gauge('winnow_processor_held_log_records', 'Records that are held.', held, labels);
  }

  get hasKept(): boolean {
    return this.#kept.size > 0;
  }

  /** Joins what belongs together in the batch, takes what is not whole out of it, and adds to `out` what now is. */
  join(batch: LogBatch, nowMs: number): void {
    this.#batch = batch;
    this.#nowMs = nowMs;
    this.#batches++;
    this.#sources.begin(batch);
    if (!this.#held.hasRoomFor(batch)) for (const group of this.#kept) this.#cutShort(group);
    const { rule } = this.#options;
    const field = this.#field;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const group = this.#sources.of(row);
      if (!field.find(batch, row)) {
        // No text: nothing to join, and nothing can go on behind it.
        this.#close(group);
        continue;
      }
      const verdict = rule.decide(batch, row, field, group.isOpen ? group : undefined);
      const size = field.to - field.from;
      if ((verdict & Verdict.joins) === 0) this.#close(group);
      else if (!this.#fits(group, size)) this.#cutShort(group);
      if (!group.isOpen) group.open(batch);
      if (group.listedIn !== this.#batches) {
        group.listedIn = this.#batches;
        this.#here.push(group);
      }
      group.add(row, size);
      group.state = rule.stateAfter;
      if ((verdict & Verdict.ends) !== 0) this.#close(group);
    }
    this.#leaveBatch(batch);
  }

  /** Adds the groups to `out` that have been silent since `beforeMs`. Returns when the next one will have been, or Infinity. */
  flush(beforeMs: number): number {
    let oldest = Infinity;
    for (const group of this.#kept) {
      if (!hasTableRoom(this.out, this.#held.rows)) return -Infinity;
      if (group.touchedMs <= beforeMs) this.#close(group);
      else oldest = Math.min(oldest, group.touchedMs);
    }
    return oldest;
  }

  /** Gives up what is held and can be read again, or all of it. */
  abandon(isMeant: (isFromFile: boolean) => boolean): void {
    for (const group of this.#kept) {
      const { rows } = this.#held;
      const isFromFile = rows.attribute(group.held, FILE_NAME) !== undefined || rows.attribute(group.held, FILE_PATH) !== undefined;
      if (!isMeant(isFromFile)) continue;
      for (const claim of group.claims) claim.delivery.abandoned(claim.rows);
      this.#release(group);
      this.#held.release(group);
      group.close();
    }
  }

  #fits(group: Group, size: number): boolean {
    const { rowsMax, bytesMax } = this.#options;
    return group.rows < rowsMax && group.bytes + size + group.rows * this.#separator.length <= bytesMax;
  }

  #cutShort(group: Group): void {
    if (!group.isOpen) return;
    this.#cut?.add(1);
    this.#close(group);
  }

  #close(group: Group): void {
    if (!group.isOpen) return;
    if (group.held !== NOT_HELD) this.#send(group);
    else if (group.here > 1) this.#joinHere(group);
    group.close();
  }

  /** Joins a group all rows of which are in the batch at hand. */
  #joinHere(group: Group): void {
    const batch = this.#batch;
    const rows = group.rowsHere();
    const kept = this.#options.isNewestKept ? (rows.at(-1) ?? group.first) : group.first;
    for (const row of rows) group.addClaim(batch.deliveries[batch.deliveryOf[row] as number] as Delivery);
    this.#field.joinRows(batch, kept, rows, this.#separator);
    for (const row of rows) if (row !== kept) this.#taken.push(row);
    this.#merged?.add(group.rows - 1);
    const [only, ...others] = group.claims;
    // The Delivery is not settled before the first row is: the others need not be remembered.
    if (only && others.length === 0 && kept === group.first) only.delivery.durable(only.rows - 1);
    else this.#setDelivery(batch, kept, group);
  }

  /** Adds a group of earlier batches, with its rows of this one, to `out`. */
  #send(group: Group): void {
    if (group.here > 0) this.#takeOver(group);
    const { rows } = group;
    this.#release(group);
    const row = this.#held.moveTo(this.out, group);
    if (rows === 1) return;
    this.#field.setText(this.out, row, group.text, group.textSize);
    this.#merged?.add(rows - 1);
    this.#setDelivery(this.out, row, group);
  }

  #setDelivery(batch: LogBatch, row: number, group: Group): void {
    batch.deliveryOf[row] = batch.deliveries.push(createJoined([...group.claims])) - 1;
  }

  /** Copies the rows that the group has in the batch at hand: they leave it. */
  #takeOver(group: Group): void {
    const batch = this.#batch;
    const isFirst = group.held === NOT_HELD;
    const rows = group.rowsHere();
    const { first } = group;
    const last = rows.at(-1);
    const before = group.textSize;
    for (const row of rows) {
      this.#field.find(batch, row);
      if (row !== first || !isFirst) group.appendText(this.#separator, 0, this.#separator.length);
      group.appendText(this.#field.bytes, this.#field.from, this.#field.to);
      group.addClaim(batch.deliveries[batch.deliveryOf[row] as number] as Delivery);
      this.#taken.push(row);
    }
    this.#heldRows += rows.length;
    this.#heldBytes += group.textSize - before;
    const kept = this.#options.isNewestKept ? last : isFirst ? first : undefined;
    if (kept !== undefined) this.#held.keep(group, batch, kept, this.#kept);
    // The set stays in the order of arrival.
    this.#kept.delete(group);
    this.#kept.add(group);
    group.touchedMs = this.#nowMs;
    group.leaveBatch();
  }

  #release(group: Group): void {
    this.#heldRows -= group.rows;
    this.#heldBytes -= group.textSize;
    this.#kept.delete(group);
  }

  #leaveBatch(batch: LogBatch): void {
    this.#dropTaken(batch);
    this.#divide(batch);
    for (const group of this.#here) {
      if (group.here > 0) this.#takeOver(group);
      else group.forgetBatch();
    }
    this.#here.length = 0;
    this.#dropTaken(batch);
    // The one silent longest goes first.
    for (const group of this.#kept) {
      if (this.#heldBytes <= this.#options.heldBytesMax) break;
      this.#cutShort(group);
    }
  }

  /** What comes before the first row of each Delivery that is kept need not wait for it. */
  #divide(batch: LogBatch): void {
    if (!batch.divideAt) return;
    const firsts = new Map<number, number>();
    for (const { here, first } of this.#here) {
      const delivery = batch.deliveryOf[first] as number;
      if (here > 0) firsts.set(delivery, Math.min(first, firsts.get(delivery) ?? first));
    }
    for (const first of firsts.values()) batch.divideAt(first);
  }

  /** Others answer for these rows now: the batch must neither settle them nor pass them on. */
  #dropTaken(batch: LogBatch): void {
    const count = this.#taken.length;
    if (count === 0) return;
    const nobody = batch.deliveries.push(new Delivery(count, 0, () => {})) - 1;
    for (const row of this.#taken) {
      batch.deliveryOf[row] = nobody;
      batch.drop(row, 'merged');
    }
    this.#taken.length = 0;
  }
}
