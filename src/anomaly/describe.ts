import type { Incident } from './incident.ts';
import type { AnomalyKind } from './signal.ts';

/** What an anomaly event says beside type, source and times. */
export interface Description {
  readonly id: string;
  readonly kind: AnomalyKind;
  readonly method: string;
  readonly description: string;
  readonly confidence: number;
  readonly severity: string;
  readonly affected: { readonly records: number; readonly components: readonly string[]; readonly traces: readonly string[] };
  readonly window: { readonly start: string; readonly end: string };
  readonly baseline: {
    readonly expected: number;
    readonly actual: number;
    readonly unit: string;
    readonly deviation_percent: number | null;
    readonly significance: number;
  };
  readonly impact: {
    readonly components: readonly string[];
    readonly potential_issues: readonly string[];
    readonly downstream: string;
    readonly business: string;
  };
  readonly recommendations: { readonly immediate: string; readonly investigate: string; readonly prevent: string };
  readonly related: readonly string[];
}

export function describeIncident(incident: Incident): Description {
  const { id, source, kind, method, start, end, strength, expected, actual, unit, records, severity, related, votes } = incident;
  const words = WORDS[kind];
  return {
    id,
    kind,
    method,
    description: describe(incident),
    // Each vote of the online model halves what is left of the doubt, at most three times.
    confidence: round(1 - 0.5 ** (strength + Math.min(votes, 3)), 3),
    severity,
    affected: { records, components: [source], traces: incident.sessions },
    window: { start: new Date(start).toISOString(), end: new Date(end).toISOString() },
    baseline: {
      expected: round(expected, 4),
      actual: round(actual, 4),
      unit,
      deviation_percent: expected > 0 ? round((actual / expected - 1) * 100, 1) : null,
      // How many times the evidence was that an alarm needs; at 1 chance alone gives one as often as was allowed.
      significance: round(strength, 3),
    },
    impact: {
      components: [source],
      potential_issues: words.issues,
      downstream: `What depends on ${source} may see the same, a little later.`,
      business: BUSINESS[severity],
    },
    recommendations: { immediate: words.now, investigate: words.next, prevent: words.prevent },
    related: [...related],
  };
}

function describe({ kind, source, subject, unit, expected, actual, example }: Incident): string {
  const usual = round(expected, 3);
  const now = round(actual, 3);
  switch (kind) {
    case 'burst':
      return `${source} writes ${now} ${unit}, ${usual} are usual at this time.`;
    case 'drop':
      return `${source} writes only ${now} ${unit}, ${usual} are usual at this time.`;
    case 'error_ratio':
      return `${percent(actual)} of the records of ${source} are errors, ${percent(expected)} are usual.`;
    case 'new_template':
      return `${source} writes a pattern it never wrote before: ${example ?? ''}`;
    case 'sequence_break':
      return `Sessions of ${source} take steps in an order, or so often, as none did before; ${percent(expected)} of them are usually like that.`;
    case 'latency':
      return `Durations of ${source} are longer (${subject}): about ${now} ${unit}, the median is ${usual} ${unit}.`;
    case 'heartbeat':
      return `A record of ${source} that comes every ${usual} seconds now takes ${now}: ${example ?? ''}`;
    case 'content':
      return `A record of ${source} holds a value unlike any before: ${example ?? ''}`;
    case 'unusual_mix':
      return `${source} behaves as a whole as it did not before.`;
    case 'rule':
      return `A record of ${source} meets the rule "${subject}": ${example ?? ''}`;
  }
}

const BUSINESS: Readonly<Record<Incident['severity'], string>> = {
  low: 'Probably none; worth a look when there is time.',
  medium: 'Some requests or jobs may be affected.',
  high: 'Users or jobs are likely affected.',
  critical: 'The service is likely failing for its users.',
};

interface Words {
  readonly issues: readonly string[];
  readonly now: string;
  readonly next: string;
  readonly prevent: string;
}

const WORDS: Readonly<Record<AnomalyKind, Words>> = {
  burst: {
    issues: ['A retry loop or a sudden load', 'More log volume to pay for'],
    now: 'Look at the most frequent templates of the window.',
    next: 'Compare callers and deployments before and after its start.',
    prevent: 'Limit the rate of what can loop; add a dedupe or rate_limit processor.',
  },
  drop: {
    issues: ['The service is down, hangs or lost its input', 'Its logs no longer arrive'],
    now: 'Check that the service runs and that its log is read.',
    next: 'Look at the last records before the start.',
    prevent: 'Let the service write a heartbeat, so that silence is seen sooner.',
  },
  error_ratio: {
    issues: ['A dependency fails', 'A release with a mistake'],
    now: 'Look at the errors of the window by template.',
    next: 'Find the first error of the window and what changed before it.',
    prevent: 'Watch the error ratio during releases; retry with backoff.',
  },
  new_template: {
    issues: ['Code that never ran before', 'A new version'],
    now: 'Read the record and those around it.',
    next: 'Find out whether a release or a rare condition brought it.',
    prevent: 'If it is known good, let it be learned; nothing else is needed.',
  },
  sequence_break: {
    issues: ['Workflows end early, repeat or run in a wrong order'],
    now: 'Follow one of the broken sessions from start to end.',
    next: 'Find the step that is missing or repeated in most of them.',
    prevent: 'Give steps time limits, and make them safe to repeat.',
  },
  latency: {
    issues: ['Slow requests', 'A queue that fills, locks, or a slow dependency'],
    now: 'Look at the slowest records of the window.',
    next: 'Compare load, locks and dependencies before and after its start.',
    prevent: 'Set time limits and alarms on the slow tail.',
  },
  heartbeat: {
    issues: ['A scheduled job stopped, hangs or runs too often'],
    now: 'Check that the job runs, once.',
    next: 'Look at its last records and at its scheduler.',
    prevent: 'Supervise the job and restart it when its heartbeat is late.',
  },
  content: {
    issues: ['An attack, a leak of secrets, or damaged input'],
    now: 'Read the record; treat its values as hostile.',
    next: 'Look for others of the same origin.',
    prevent: 'Check input where it enters; redact secrets before logging.',
  },
  unusual_mix: {
    issues: ['Several small deviations at once'],
    now: 'Look at the volume, errors and durations of the window together.',
    next: 'Compare with the same time of the days before.',
    prevent: 'None known before the cause is.',
  },
  rule: {
    issues: ['What the rule was written for'],
    now: 'Do what the rule was written for.',
    next: 'Look at the records around it.',
    prevent: 'Keep the rule, or narrow it if this was nothing.',
  },
};

function percent(share: number): string {
  return `${round(share * 100, 1)} %`;
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
