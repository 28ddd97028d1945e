import { LogBatch, ValueType, createSharedAttributes } from '#model';

/** Lines side by side in one buffer, as a receiver reads them from a file with these attributes. */
export function linesBatch(lines: readonly string[], attributes: Readonly<Record<string, string>> = {}): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from(lines.join('\n')));
  const shared = batch.addShared(createSharedAttributes(attributes));
  let start = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line);
    batch.sharedOf[batch.addRow(ValueType.string, start, size)] = shared;
    start += size + 1;
  }
  return batch;
}
