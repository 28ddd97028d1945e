/** What a stage of the benchmark reports. */
export interface Measurement {
  readonly name: string;
  readonly records: number;
  /** User and system time, all threads. */
  readonly cpuSeconds: number;
  /** Of the agent, where a whole agent was measured. */
  readonly peakRssMib?: number;
}
