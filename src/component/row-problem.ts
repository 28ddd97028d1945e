/**
 * What hindered a step on one row: caught not far from where it was thrown, and told by its message alone. Logs may have one
 * in every line, and a stack, which nobody would read, costs more than all else about it.
 */
export abstract class RowProblem extends Error {
  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
