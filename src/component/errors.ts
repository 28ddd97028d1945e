/**
 * The errors that cross a component's border. Who catches one knows from its class who has to act; see
 * CONTRIBUTING.md. Each has a stable `code`, and its facts as fields.
 */

export interface ErrorFacts {
  readonly cause?: unknown;
  readonly retryAfterMs?: number;
}

abstract class WinnowError extends Error {
  abstract readonly code: string;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
  }
}

/** One mistake in a configuration. `path` is dotted; `position` is `file:line:column` when known. */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
  readonly position?: string;
}

/** Tries parts of a configuration: a RangeError, which compilers throw, becomes a problem at the path of its part. */
export function attemptsInto(problems: ConfigProblem[]): (path: string, action: () => unknown) => void {
  return (path, action) => {
    try {
      action();
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      problems.push({ path, message: problem.message });
    }
  };
}

/** The operator wrote something that cannot run. All problems are reported together. */
export class ConfigError extends WinnowError {
  readonly code = 'WINNOW_CONFIG_INVALID';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], facts: ErrorFacts = {}) {
    super(problems.map(formatProblem).join('\n'), facts);
    this.problems = problems;
  }
}

/** Renders a problem as `file:line:column: path: message`, leaving out what is not known. */
export function formatProblem(problem: ConfigProblem): string {
  return [problem.position, problem.path, problem.message].filter(Boolean).join(': ');
}

/** `consume` could not take the batch now. The caller still owns the batch and its Delivery. */
export class RefusedError extends WinnowError {
  readonly code = 'WINNOW_REFUSED';
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts);
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** An exporter's attempt may succeed later, unchanged. */
export class RetryableError extends WinnowError {
  readonly code = 'WINNOW_RETRYABLE';
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts);
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** The destination is wrong or locked (401, 404, a certificate). Data are held until the operator mends it. */
export class DestinationError extends WinnowError {
  readonly code = 'WINNOW_DESTINATION';
}

/** These records will never be taken. They go to dead letter and settle as dropped. */
export class PermanentError extends WinnowError {
  readonly code = 'WINNOW_PERMANENT';
  /** True when a smaller request might be taken (HTTP 413). */
  readonly tooLarge: boolean;

  constructor(message: string, facts: ErrorFacts & { readonly tooLarge?: boolean } = {}) {
    super(message, facts);
    this.tooLarge = facts.tooLarge ?? false;
  }
}

/** What a person is to read of whatever was thrown. */
export function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
