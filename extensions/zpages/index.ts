import type { Extension, ExtensionFactory, Host, Settings } from '#component';

/** Options of all of them in the Collector. */
interface Config {
  endpoint?: string;
  expvar?: object;
  tls?: object;
  dialer?: object;
  block_profile_fraction?: number;
  mutex_profile_fraction?: number;
  save_to_file?: string;
  size_mib?: number;
  size_in_percentage?: number;
}

const text = { type: 'string', description: 'Accepted and without effect.' } as const;
const number = { ...text, type: 'number' } as const;
const map = { ...text, type: 'object', additionalProperties: true } as const;

export const factory: ExtensionFactory<Config> = {
  kind: 'extension',
  type: 'zpages',
  aliases: ['pprof', 'memory_ballast'],
  stability: 'beta',
  summary: 'Does nothing: configurations of the Collector that have it run as they are.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      endpoint: { ...text, description: 'Accepted and without effect: nothing listens there.' },
      expvar: map,
      tls: map,
      dialer: map,
      block_profile_fraction: number,
      mutex_profile_fraction: number,
      save_to_file: text,
      size_mib: number,
      size_in_percentage: number,
    },
  },
  create: (_config, settings) => new WithoutEffect(settings),
};

/** Says once that it does nothing. */
class WithoutEffect implements Extension {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async start(host: Host): Promise<void> {
    host.log.warn('The extension has no effect here; "winnow status" shows what the agent does.', { extension: this.#settings.id });
  }

  async shutdown(): Promise<void> {}
}
