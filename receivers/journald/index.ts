import type { ReceiverFactory } from '#component';
import { checkJournald, schema, type JournaldConfig } from './config.ts';
import { JournaldReceiver } from './journald.ts';

export const factory: ReceiverFactory<JournaldConfig> = {
  kind: 'receiver',
  type: 'journald',
  stability: 'beta',
  summary: 'Follows the journal of systemd through journalctl, and goes on after a restart where it was.',
  schema,
  check: checkJournald,
  create: (config, settings, next) => new JournaldReceiver(config, settings, next),
};
