import type { Counter, Host } from '#component';

const REPORT_EVERY_MS = 60_000;

/** Values that a metric could not take: counted, told of at once the first time and then summed up once a minute. */
export class Unusable {
  #host: Host | undefined;
  #counter: Counter | undefined;
  #pending = 0;
  #sample = { metric: '', problem: '' };
  #nextReport = 0;

  start(host: Host): void {
    this.#host = host;
    this.#nextReport = host.clock.monotonic();
    this.#counter = host.metrics.counter('winnow_exporter_prometheus_unusable_values', 'Values that a metric could not take.');
  }

  add(metric: string, problem: string): void {
    this.#counter?.add(1);
    if (this.#pending++ === 0) this.#sample = { metric, problem };
  }

  /** To be called after each batch. */
  report(): void {
    const host = this.#host;
    if (this.#pending === 0 || !host || host.clock.monotonic() < this.#nextReport) return;
    this.flush();
    this.#nextReport = host.clock.monotonic() + REPORT_EVERY_MS;
  }

  flush(): void {
    if (this.#pending === 0) return;
    this.#host?.log.warn('Values could not be used for a metric; the records count as sent.', { ...this.#sample, values: this.#pending });
    this.#pending = 0;
  }
}
