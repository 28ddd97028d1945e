import { EditOnce, type Consumer, type Host, type Processor, type Settings } from '#component';
import type { LogBatch } from '#model';
import { compileOperators, type OperatorChain } from '#operators';
import { toOperators, type ParseConfig } from './config.ts';

/** Reads what stands in a field of each record, and passes every record on unless `on_error` says otherwise. */
export class ParseProcessor implements Processor {
  readonly mutates = true;
  readonly #chain: OperatorChain;
  readonly #editing: EditOnce;

  constructor(config: ParseConfig, settings: Settings, next: Consumer) {
    this.#chain = compileOperators(toOperators(config), { id: settings.id });
    this.#editing = new EditOnce(next, (batch) => this.#chain.process(batch));
  }

  async start(host: Host): Promise<void> {
    this.#chain.start(host);
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {
    this.#chain.stop();
  }
}
