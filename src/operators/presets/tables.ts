import type { PresetName } from '../formats/config.ts';
import type { Rules } from './rules.ts';

/** Presets that are told by the names of their fields. */
export type TableName = Exclude<PresetName, 'plex_plugin' | 'server_error' | 'plain'>;

const to = (name: string): { readonly to: string } => ({ to: name });
const resource = (name: string): { readonly resource: string } => ({ resource: name });

/** Names that loggers of all languages use, and what each stands for. */
const COMMON: Rules = {
  timestamp: 'time',
  '@timestamp': 'time',
  time: 'time',
  ts: 'time',
  datetime: 'time',
  asctime: 'time',
  // MongoDB's is a map.
  t: { fields: { $date: 'time' }, else: 'time' },
  Timestamp: 'time',
  // CloudTrail's.
  eventTime: 'time',
  '@t': 'time',
  level: 'severity',
  severity: 'severity',
  lvl: 'severity',
  // MongoDB's.
  s: 'known_severity',
  loglevel: 'severity',
  log_level: 'severity',
  levelname: 'severity',
  'log.level': 'severity',
  Level: 'severity',
  LogLevel: 'severity',
  '@l': 'severity',
  // HashiCorp's: Vault, Consul, Nomad, Terraform.
  '@level': 'severity',
  log: { fields: { level: 'severity', logger: to('log.logger') } },
  message: 'body',
  msg: 'body',
  Message: 'body',
  RenderedMessage: 'body',
  '@m': 'body',
  '@mt': 'body',
  '@message': 'body',
  trace_id: 'trace_id',
  traceId: 'trace_id',
  'trace.id': 'trace_id',
  traceid: 'trace_id',
  span_id: 'span_id',
  spanId: 'span_id',
  'span.id': 'span_id',
  spanid: 'span_id',
  '@tr': 'trace_id',
  '@sp': 'span_id',
  logger: to('log.logger'),
  logger_name: to('log.logger'),
  loggerName: to('log.logger'),
  'log.logger': to('log.logger'),
  '@module': to('log.logger'),
  thread: to('thread.name'),
  thread_name: to('thread.name'),
  threadName: to('thread.name'),
  service: { fields: { name: resource('service.name'), version: resource('service.version') }, else: resource('service.name') },
  stack: { lines: 'exception.stacktrace' },
  stack_trace: { lines: 'exception.stacktrace' },
  stacktrace: { lines: 'exception.stacktrace' },
  exc_info: { lines: 'exception.stacktrace' },
  Exception: { lines: 'exception.stacktrace' },
  '@x': { lines: 'exception.stacktrace' },
};

const EXCEPTION: Rules = {
  type: to('exception.type'),
  name: to('exception.type'),
  message: to('exception.message'),
  stack: { lines: 'exception.stacktrace' },
  stack_trace: { lines: 'exception.stacktrace' },
  stacktrace: { lines: 'exception.stacktrace' },
  traceback: { lines: 'exception.stacktrace' },
  error_code: to('winnow.error.code'),
  is_retriable: to('winnow.error.retriable'),
};

const STRUCTURED_LOG: Rules = {
  log_id: to('log.record.uid'),
  agent_id: to('gen_ai.agent.id'),
  execution_id: to('winnow.execution.id'),
  timestamp: 'time',
  log_level: 'severity',
  message: 'body',
  service: resource('service.name'),
  component: to('winnow.component'),
  trace_id: 'trace_id',
  span_id: 'span_id',
  parent_span_id: to('winnow.parent_span.id'),
  context: {
    fields: {
      user_id: to('user.id'),
      workspace_id: to('winnow.workspace.id'),
      environment: resource('deployment.environment.name'),
      version: resource('service.version'),
      deployment_id: resource('deployment.id'),
    },
  },
  metrics: {
    fields: {
      duration_ms: to('winnow.duration_ms'),
      memory_mb: to('winnow.memory_mb'),
      cpu_percent: to('winnow.cpu_percent'),
      request_size_bytes: to('http.request.size'),
      response_size_bytes: to('http.response.size'),
    },
  },
  error: { fields: EXCEPTION, else: to('exception.message') },
  attributes: { fields: {} },
};

const CENTRAL_JSON: Rules = {
  timestamp: 'time',
  agent_name: resource('service.name'),
  event_type: 'event_name',
  severity: 'severity',
  message: 'body',
  metadata: {
    fields: {
      correlation_id: to('winnow.correlation.id'),
      exception: { fields: EXCEPTION, else: { lines: 'exception.stacktrace' } },
    },
  },
};

const STRUCTLOG: Rules = {
  timestamp: 'time',
  level: 'severity',
  event: 'body',
  logger: to('log.logger'),
  exception: { tracebacks: 'exception.stacktrace' },
  stack: to('code.stacktrace'),
  filename: to('code.file.path'),
  pathname: to('code.file.path'),
  lineno: to('code.line.number'),
  func_name: to('code.function.name'),
  process: to('process.pid'),
  thread: to('thread.id'),
  thread_name: to('thread.name'),
  trace_id: 'trace_id',
  span_id: 'span_id',
};

const LLM_OS: Rules = {
  timestamp: 'time',
  level: 'severity',
  message: 'body',
  logger: to('log.logger'),
  category: to('winnow.category'),
  component: to('winnow.component'),
  event_type: 'event_name',
  user_input: to('winnow.user.input'),
  response: to('winnow.response'),
  response_summary: to('winnow.response'),
  success: to('winnow.success'),
  error: to('exception.message'),
  duration_ms: to('winnow.duration_ms'),
  memory_mb: to('winnow.memory_mb'),
  cpu_percent: to('winnow.cpu_percent'),
  operation: to('winnow.operation'),
  tool_name: to('gen_ai.tool.name'),
  tool_server: to('winnow.tool.server'),
  tool_calls: to('winnow.tool.calls'),
  parameters: to('gen_ai.tool.call.arguments'),
  result: to('gen_ai.tool.call.result'),
  result_summary: to('gen_ai.tool.call.result'),
  provider: to('gen_ai.provider.name'),
  model: to('gen_ai.request.model'),
  prompt_tokens: to('gen_ai.usage.input_tokens'),
  completion_tokens: to('gen_ai.usage.output_tokens'),
  total_tokens: to('winnow.usage.total_tokens'),
  streaming: to('winnow.streaming'),
  resource: to('winnow.security.resource'),
  action: to('winnow.security.action'),
  allowed: to('winnow.security.allowed'),
  reason: to('winnow.security.reason'),
  correlation_id: to('winnow.correlation.id'),
};

/** What a caller adds lies in a map of its own; its fields mean the same as those beside it. */
const LLM_OS_WITH_PARTS: Rules = {
  ...LLM_OS,
  data: { fields: LLM_OS },
  extra: { fields: LLM_OS },
  details: { fields: LLM_OS },
};

const COMMON_WITH_ERRORS: Rules = {
  ...COMMON,
  err: { fields: EXCEPTION, else: to('exception.message') },
  error: { fields: EXCEPTION, else: to('exception.message') },
  exception: { fields: EXCEPTION, else: { lines: 'exception.stacktrace' } },
};

export const TABLES: Readonly<Record<TableName, Rules>> = {
  structured_log: STRUCTURED_LOG,
  central_json: CENTRAL_JSON,
  structlog: STRUCTLOG,
  llm_os: LLM_OS_WITH_PARTS,
  common_json: COMMON_WITH_ERRORS,
  common_logfmt: COMMON,
};
