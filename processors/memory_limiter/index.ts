import { duration, type ProcessorFactory } from '#component';
import { MemoryLimiter } from './memory-limiter.ts';
import { checkLimits, type MemoryLimiterConfig } from './limits.ts';

const mib = { type: 'integer', minimum: 0, default: 0 } as const;
const percentage = { type: 'integer', minimum: 0, maximum: 100, default: 0 } as const;

export const factory: ProcessorFactory<MemoryLimiterConfig> = {
  kind: 'processor',
  type: 'memory_limiter',
  signals: ['logs', 'traces'],
  stability: 'beta',
  summary: 'Refuses log records while the process takes too much memory, so that sources wait instead of the kernel killing it.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      check_interval: { ...duration, default: '1s', description: 'How often memory is measured. More than 0.' },
      limit_mib: { ...mib, description: 'Hard limit of the resident set, in MiB. This or limit_percentage is needed; this one wins.' },
      spike_limit_mib: {
        ...mib,
        description: 'Refusing begins this far below the hard limit. 0 means a fifth of it.',
      },
      limit_percentage: {
        ...percentage,
        description: 'Hard limit in percent of the memory of the host, or of the control group when that has less.',
      },
      spike_limit_percentage: {
        ...percentage,
        description: 'Refusing begins this far below the hard limit, in percent of the same memory. 0 means a fifth of the limit.',
      },
      min_gc_interval_when_soft_limited: {
        ...duration,
        default: '10s',
        description: 'Above the soft limit garbage is collected no more often than this.',
      },
      min_gc_interval_when_hard_limited: {
        ...duration,
        default: '0s',
        description: 'Above the hard limit garbage is collected no more often than this.',
      },
      max_gc_interval_when_soft_limited: {
        ...duration,
        default: '30s',
        description: 'Collections that free little come ever more seldom, up to this interval. 0 means always at the shortest interval.',
      },
      max_gc_interval_when_hard_limited: {
        ...duration,
        default: '30s',
        description: 'The same above the hard limit.',
      },
    },
  },
  check: checkLimits,
  create: (config, settings, next) => new MemoryLimiter(config, settings, next),
};
