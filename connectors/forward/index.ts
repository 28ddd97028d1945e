import type { Connector, ConnectorFactory, Outlets } from '#component';

type ForwardConfig = Record<string, never>;

/** Gives each batch to every pipeline that names the connector as a receiver, as it is. */
function createForward(outlets: Outlets): Connector {
  const outlet = outlets.to(outlets.pipelines);
  return {
    mutates: outlet.mutates,
    touches: 'rows',
    start: async () => {},
    consume: (batch) => outlet.consume(batch),
    shutdown: async () => {},
  };
}

export const factory: ConnectorFactory<ForwardConfig> = {
  kind: 'connector',
  type: 'forward',
  signals: ['logs', 'traces'],
  stability: 'beta',
  summary: 'Joins pipelines: what one ends with, others begin with.',
  schema: { type: 'object', additionalProperties: false, properties: {} },
  create: (_config, _settings, outlets) => createForward(outlets),
};
