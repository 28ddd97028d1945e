import type { Clock, Host } from '#component';

/** What expressions need of the outside. A component hands its host in when it starts; until then it is the machine's. */
export class Environment {
  #clock: Clock | undefined;
  #random: () => number = Math.random;

  start(host: Pick<Host, 'clock' | 'random'>): void {
    this.#clock = host.clock;
    this.#random = host.random;
  }

  /** Counts batches; 0 when nobody tells where one begins. */
  epoch = 0;

  /** To be called before each batch by whoever can: what was found in the bytes of the last one is forgotten. */
  beginBatch(): void {
    this.epoch++;
  }

  now(): number {
    return this.#clock?.now() ?? Date.now();
  }

  random(): number {
    return this.#random();
  }
}
