import type { ReceiverFactory } from '#component';
import { checkFileLog } from './check.ts';
import type { FileLogConfig } from './config.ts';
import { FileLog } from './file-log.ts';
import { globMatches, parseGlob } from './glob.ts';
import { schema } from './schema.ts';

export const factory: ReceiverFactory<FileLogConfig> = {
  kind: 'receiver',
  type: 'file_log',
  aliases: ['filelog'],
  stability: 'beta',
  summary: 'Follows log files through rotation, truncation and restarts, and loses no line.',
  schema,
  check: checkFileLog,
  // A record of several lines keeps what is between them.
  cutsIndentation: ({ preserve_leading_whitespaces: isKept, multiline }) =>
    isKept || multiline !== undefined ? undefined : 'preserve_leading_whitespaces: true',
  readsFile: ({ include, exclude }, path) => fits(include, path) && !fits(exclude, path),
  create: (config, settings, next) => new FileLog(config, settings, next),
};

function fits(globs: readonly string[], path: string): boolean {
  return globs.some((text) => parseGlob(text).some((glob) => globMatches(glob, path)));
}
