import type { Logger } from '#component';
import type { ElasticsearchConfig, MappingMode } from './config.ts';

/** Asks Elasticsearch and returns the status: below 300, or 404 to HEAD. Throws for all others. */
export type Ask = (what: {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}) => Promise<number>;

/** Makes the index template unless it is there. */
export async function ensureTemplate(config: ElasticsearchConfig, ask: Ask, log: Logger): Promise<void> {
  const { name, overwrite } = config.index_template;
  const path = `/_index_template/${encodeURIComponent(name)}`;
  if (!overwrite && (await ask({ method: 'HEAD', path })) === 200) return;
  const body = JSON.stringify(templateOf(config));
  await ask({ method: 'PUT', path, body, headers: { 'content-type': 'application/json' } });
  log.info('Has made the index template.', { template: name });
}

const keyword = { type: 'keyword', ignore_above: 1024 };
const text = { type: 'text' };
const time = { type: 'date_nanos' };
const alias = (path: string): object => ({ type: 'alias', path });
const objectOf = (properties: object): object => ({ properties });

/** Strings whose use is not known are found as a whole; words are looked for in the message. */
const DYNAMIC = [{ strings_as_keyword: { match_mapping_type: 'string', mapping: keyword } }];

/**
 * What Kibana finds under the same names whatever the mapping: timestamp, agent_name, event_type, severity and message. Where
 * documents have other names, these are aliases.
 */
const FIELDS: Readonly<Record<MappingMode, object>> = {
  agent: {
    '@timestamp': time,
    timestamp: time,
    agent_name: keyword,
    event_type: keyword,
    severity: keyword,
    message: text,
    metadata: objectOf({
      correlation_id: keyword,
      trace_id: keyword,
      span_id: keyword,
      exception: objectOf({ type: keyword, message: text, traceback: text }),
    }),
  },
  otel: {
    '@timestamp': time,
    observed_timestamp: time,
    severity_number: { type: 'byte' },
    severity_text: keyword,
    event_name: keyword,
    trace_id: keyword,
    span_id: keyword,
    body: objectOf({ text, structured: { type: 'flattened' } }),
    attributes: objectOf({}),
    resource: objectOf({ schema_url: keyword, attributes: objectOf({ service: objectOf({ name: keyword }) }) }),
    scope: objectOf({ name: keyword, version: keyword }),
    timestamp: alias('@timestamp'),
    agent_name: alias('resource.attributes.service.name'),
    event_type: alias('event_name'),
    severity: alias('severity_text'),
    message: alias('body.text'),
  },
  ecs: {
    '@timestamp': time,
    message: text,
    log: objectOf({ level: keyword, logger: keyword }),
    event: objectOf({ action: keyword, severity: { type: 'long' } }),
    service: objectOf({ name: keyword }),
    trace: objectOf({ id: keyword }),
    span: objectOf({ id: keyword }),
    error: objectOf({ type: keyword, message: text, stack_trace: text }),
    agent_name: alias('service.name'),
    event_type: alias('event.action'),
  },
  bodymap: { '@timestamp': time },
};

/** The body of the template. */
function templateOf(config: ElasticsearchConfig): object {
  const { patterns, priority, settings } = config.index_template;
  return {
    index_patterns: patterns.length > 0 ? patterns : [patternOf(config)],
    // Without a name of their own, records go to data streams.
    ...(config.logs_index === '' && { data_stream: {} }),
    priority,
    template: { settings, mappings: { dynamic_templates: DYNAMIC, properties: FIELDS[config.mapping.mode] } },
    _meta: { description: 'Records of Winnow.', mapping: config.mapping.mode },
  };
}

function patternOf({ logs_index: index, logstash_format: logstash, mapping }: ElasticsearchConfig): string {
  if (index !== '') return logstash.enabled ? `${index}${logstash.prefix_separator}*` : index;
  const patterns = { agent: 'logs-agents-*', otel: 'logs-*.otel-*', ecs: 'logs-*-*', bodymap: 'logs-*-*' } as const;
  return patterns[mapping.mode];
}
