import { duration, type ProcessorFactory } from '#component';
import { TemplateProcessor, type TemplateConfig } from './template.ts';

const accepted = 'Accepted, without effect: templates are not found by walking a tree of words.';

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
      tree_depth: { type: 'integer', minimum: 3, default: 4, description: accepted },
      merge_threshold: { type: 'number', minimum: 0, maximum: 1, default: 0.4, description: `${accepted} See evidence.` },
      max_node_children: { type: 'integer', minimum: 0, default: 100, description: accepted },
      extra_delimiters: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: [],
        description: 'Accepted, without effect: words end at white space, quotes, brackets, and punctuation already.',
      },
    },
  },
  create: (config, settings, next) => new TemplateProcessor(config, settings, next),
};
