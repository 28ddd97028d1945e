import { parseDuration, type ConfigProblem } from '#component';

export interface MemoryLimiterConfig {
  check_interval: string;
  limit_mib: number;
  spike_limit_mib: number;
  limit_percentage: number;
  spike_limit_percentage: number;
  min_gc_interval_when_soft_limited: string;
  min_gc_interval_when_hard_limited: string;
  max_gc_interval_when_soft_limited: string;
  max_gc_interval_when_hard_limited: string;
}

/** At `softBytes` records are refused; at `hardBytes` garbage is collected more eagerly as well. */
export interface Limits {
  readonly hardBytes: number;
  readonly softBytes: number;
}

const MIB = 1024 * 1024;

// What the program takes when it does nothing: 41 MiB are Node's own. A soft limit below would refuse everything forever.
const SOFT_MIB_MIN = 80;

export function limitsOf(config: MemoryLimiterConfig, totalBytes: number): Limits {
  const hardBytes = config.limit_mib > 0 ? config.limit_mib * MIB : Math.floor((totalBytes * config.limit_percentage) / 100);
  let spikeBytes = config.spike_limit_mib * MIB;
  if (config.limit_mib === 0) spikeBytes = Math.floor((totalBytes * config.spike_limit_percentage) / 100);
  if (spikeBytes === 0) spikeBytes = Math.floor(hardBytes / 5);
  return { hardBytes, softBytes: hardBytes - spikeBytes };
}

/** Why these limits can never work, or undefined. */
export function limitsProblem({ softBytes }: Limits): string | undefined {
  const softMib = Math.floor(softBytes / MIB);
  if (softMib >= SOFT_MIB_MIN) return undefined;
  return (
    `expected a soft limit (the limit less the spike limit) of at least ${SOFT_MIB_MIN} MiB of resident memory, ` +
    `got ${softMib} MiB; the program alone takes about 75, so that it would refuse everything`
  );
}

export function checkLimits(config: MemoryLimiterConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (path: string, message: string): void => void problems.push({ path, message });
  const { limit_mib: limit, spike_limit_mib: spike, limit_percentage: percent, spike_limit_percentage: spikePercent } = config;
  if (parseDuration(config.check_interval) <= 0)
    add('check_interval', `expected more than 0, such as "1s", got "${config.check_interval}"`);
  if (limit === 0 && percent === 0) add('', 'expected limit_mib or limit_percentage, got neither');
  if (limit > 0) {
    if (spike >= limit) add('spike_limit_mib', `expected less than limit_mib (${limit}), got ${spike}`);
    else {
      const problem = limitsProblem(limitsOf(config, 0));
      if (problem) add('limit_mib', problem);
    }
  } else if (percent > 0 && spikePercent >= percent) {
    add('spike_limit_percentage', `expected less than limit_percentage (${percent}), got ${spikePercent}`);
  }
  if (parseDuration(config.min_gc_interval_when_soft_limited) < parseDuration(config.min_gc_interval_when_hard_limited)) {
    const message = `expected at least min_gc_interval_when_hard_limited (${config.min_gc_interval_when_hard_limited})`;
    add('min_gc_interval_when_soft_limited', `${message}, got ${config.min_gc_interval_when_soft_limited}`);
  }
  return problems;
}
