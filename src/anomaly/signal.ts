export type AnomalyType = 'volume' | 'pattern' | 'sequence' | 'timing' | 'content';
export type AnomalyMethod = 'statistical' | 'ml_based' | 'rule_based' | 'pattern_based';
export type AnomalyKind =
  | 'burst'
  | 'drop'
  | 'error_ratio'
  | 'new_template'
  | 'sequence_break'
  | 'latency'
  | 'heartbeat'
  | 'content'
  | 'unusual_mix'
  | 'rule';

/** What a detector has seen, at one moment. Signals of one kind, source and subject that follow each other are one incident. */
export interface Signal {
  readonly source: string;
  readonly type: AnomalyType;
  readonly kind: AnomalyKind;
  readonly method: AnomalyMethod;
  /** Tells incidents of one kind apart: a template, a rule. */
  readonly subject: string;
  /** Event time, in milliseconds. */
  readonly at: number;
  readonly start: number;
  /** Evidence over threshold; 1 is just enough. */
  readonly strength: number;
  readonly expected: number;
  readonly actual: number;
  /** What the two numbers count. */
  readonly unit: string;
  /** Text of the template concerned, or an example. */
  readonly example?: string;
  /** Records known to be affected since the last signal. */
  readonly records: number;
  /** The session or trace concerned. */
  readonly session?: string;
  /** The evidence is still there, but nothing was added to it: this keeps an incident open and does not open one. */
  readonly isWaning?: boolean;
}

export type Raise = (signal: Signal) => void;
