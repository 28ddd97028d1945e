import type { Clock, Host } from '#component';

/** What expressions need of the outside. A component hands its host in when it starts; until then it is the machine's. */
export class Environment {
  #clock: Clock | undefined;
  #random: () => number = Math.random;

  start(host: Pick<Host, 'clock' | 'random'>): void {
    this.#clock = host.clock;
    this.#random = host.random;
  }

  now(): number {
    return this.#clock?.now() ?? Date.now();
  }

  random(): number {
    return this.#random();
  }
}
