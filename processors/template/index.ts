import { duration, type ConfigProblem, type ProcessorFactory } from '#component';
import { TemplateProcessor, type TemplateConfig } from './template.ts';

/** Options of the Collector's drain that have nothing to act on, and what to write instead. */
const FOREIGN = {
  tree_depth: 'templates are not found by walking a tree of words; take it out',
  merge_threshold:
    'lines are not merged by how similar they are; take it out, and say with "evidence" how many different words make a variable',
  max_node_children: 'there is no tree of words to bound; take it out, and bound the templates with "max_clusters"',
  extra_delimiters: 'words end at white space, quotes, brackets and punctuation already; take it out, or cut the body with "parse" before',
} as const;
const refused = "Refused: an option of the Collector's drain without an equal here. The message says what to write instead.";

export const factory: ProcessorFactory<TemplateConfig> = {
  kind: 'processor',
  type: 'template',
  aliases: ['drain'],
  stability: 'beta',
  summary: 'Finds the pattern behind each log record and writes it beside the record, without any configuration.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      source_keys: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: ['service.name', 'log.file.path', 'log.file.name'],
        description: 'Each source is mined by itself. It is named by the first of these that its resource or its shared attributes have.',
      },
      header: {
        enum: ['auto', 'none'],
        default: 'auto',
        description: 'Whether to look for time, level and logger before the messages of a source, and to leave them out of templates.',
      },
      message_attributes: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: ['message', 'msg'],
        description: 'The attribute that is the message of a record whose body is empty, JSON or a map.',
      },
      body_field: { type: 'string', default: '', description: 'The field of a body that is a map which is the message. Empty: as JSON.' },
      template_attribute: {
        type: 'string',
        default: 'log.record.template',
        description: 'The attribute that gets the text of the template. Empty writes none.',
      },
      id_attribute: {
        type: 'string',
        default: 'winnow.template.id',
        description: 'The attribute that gets the id of the template. Empty writes none.',
      },
      variables: {
        type: 'boolean',
        default: false,
        description: 'Whether to write what stands in the place of the placeholders to winnow.template.variables, a list of texts.',
      },
      evidence: {
        type: 'integer',
        minimum: 2,
        default: 5,
        description: 'So many different words in one place, all else equal, make it a variable.',
      },
      max_clusters: {
        type: 'integer',
        minimum: 0,
        default: 2000,
        description:
          'Templates of one source. Past it those not seen for longest are forgotten; their records stay counted. 0 means 10000.',
      },
      max_sources: {
        type: 'integer',
        minimum: 1,
        default: 200,
        description: 'Sources. Past it the one not seen for longest is forgotten.',
      },
      max_line_bytes: {
        type: 'integer',
        minimum: 128,
        default: 4096,
        description: 'No more of a message is looked at. What is behind it, or behind its first line feed, is one variable.',
      },
      seed_templates: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Templates that every source begins with, with `<*>` for variables.',
      },
      seed_logs: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Messages that every source begins with, as if it had had them already.',
      },
      warmup_min_clusters: {
        type: 'integer',
        minimum: 0,
        default: 0,
        description: 'Records are passed on without a template until so many templates are known.',
      },
      snapshot_interval: {
        ...duration,
        default: '1m',
        description: 'How often what was learned is written to storage. It is written at shutdown in any case. 0 writes only then.',
      },
      tree_depth: { type: 'integer', description: refused },
      merge_threshold: { type: 'number', description: refused },
      max_node_children: { type: 'integer', description: refused },
      extra_delimiters: { type: 'array', items: { type: 'string' }, description: refused },
    },
  },
  check,
  create: (config, settings, next) => new TemplateProcessor(config, settings, next),
};

/** What would be without effect is not taken in silence. */
function check(config: TemplateConfig): ConfigProblem[] {
  return Object.entries(FOREIGN).flatMap(([path, message]) =>
    config[path as keyof typeof FOREIGN] === undefined ? [] : [{ path, message }],
  );
}
