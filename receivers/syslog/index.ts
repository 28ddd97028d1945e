import type { ReceiverFactory } from '#component';
import { checkSyslog, schema, type SyslogConfig } from './config.ts';
import { SyslogReceiver } from './syslog.ts';

export const factory: ReceiverFactory<SyslogConfig> = {
  kind: 'receiver',
  type: 'syslog',
  stability: 'beta',
  summary: 'Takes syslog messages of RFC 5424 and RFC 3164 over UDP, TCP and TLS.',
  schema,
  check: checkSyslog,
  create: (config, settings, next) => new SyslogReceiver(config, settings, next),
};
