import type { Metrics } from '#component';
import type { Context, Counters } from './context.ts';
import type { Lanes } from './lanes.ts';

export function createCounters(metrics: Metrics): Counters {
  return {
    rotations: metrics.counter('winnow_file_log_rotations', 'Files that were renamed or whose name went to another file.'),
    truncations: metrics.counter('winnow_file_log_truncations', 'Files whose content was replaced under their name.'),
    readBytes: metrics.counter('winnow_file_log_read_bytes', 'Bytes read and cut into records, repeated ones included.'),
    lostBytes: metrics.counter('winnow_file_log_lost_bytes', 'Bytes that went with their file before they were read.'),
    refused: metrics.counter('winnow_file_log_refused_for_good', 'Records dropped because the pipeline refused them for too long.'),
    deadLetters: metrics.counter('winnow_file_log_dead_letters', 'Records put aside because they ended the process again and again.'),
  };
}

/** Sums over all files: a label for each file would be a series for each file. */
export function createGauges(metrics: Metrics, context: Context, lanes: Lanes): void {
  const { tails, descriptors, flow } = context;
  metrics.gauge('otelcol_fileconsumer_open_files', 'Number of open files.', () => descriptors.size);
  metrics.gauge('otelcol_fileconsumer_reading_files', 'Number of open files that are being read.', () => lanes.reading);
  metrics.gauge('winnow_file_log_files', 'Files that are followed.', () => lanes.files);
  metrics.gauge('winnow_file_log_offset_bytes', 'Positions of all files, summed: what is delivered or on disk.', () => {
    let sum = 0;
    for (const tail of tails) if (tail.state !== 'gone' && !tail.isArchive) sum += tail.ranges.watermark.at;
    return sum;
  });
  metrics.gauge('winnow_file_log_size_bytes', 'Sizes of all files, summed.', () => {
    let sum = 0;
    for (const tail of tails) if (tail.state !== 'gone' && !tail.isArchive) sum += Math.max(0, tail.size);
    return sum;
  });
  metrics.gauge('winnow_file_log_unsettled_deliveries', 'Pieces of files that nobody has made safe yet.', () => flow.deliveries);
  metrics.gauge('winnow_file_log_pinned_bytes', 'Bytes read that nobody has made safe yet.', () => flow.bytes);
}
