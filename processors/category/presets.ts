import type { RuleConfig } from './rule-config.ts';

export interface Preset {
  readonly rules: readonly RuleConfig[];
  readonly default: string;
}

const CATEGORIES = ['user', 'system', 'tool', 'llm', 'security', 'performance'] as const;

/** The file of each category, as the loggers of an LLM operating system name them. */
const FILES: Readonly<Record<(typeof CATEGORIES)[number], string>> = {
  user: 'user_interactions.log*',
  system: 'system_health.log*',
  tool: 'tool_executions.log*',
  llm: 'llm_calls.log*',
  security: 'security.log*',
  performance: 'performance.log*',
};

/**
 * What says the category outright comes first: a field, the file, the logger. Then attributes that only one category
 * has, and last the words of the message. A tool call names a model now and then, a model call never a tool.
 */
const LLM_OS: Preset = {
  rules: [
    ...CATEGORIES.map((category): RuleConfig => ({ category, attributes: [`category=${category}`] })),
    ...CATEGORIES.map((category): RuleConfig => ({ category, paths: [FILES[category]] })),
    ...CATEGORIES.map((category): RuleConfig => ({ category, loggers: [category, `*.${category}`, `${category}_logger`] })),
    { category: 'security', attributes: ['allowed', 'event_type=permission_check', 'event_type=access_denied', 'event_type=file_access'] },
    { category: 'tool', attributes: ['tool_name', 'tool_server', 'gen_ai.tool.name', 'gen_ai.tool.call.id'] },
    {
      category: 'llm',
      attributes: [
        'gen_ai.provider.name',
        'gen_ai.system',
        'gen_ai.request.model',
        'gen_ai.usage.input_tokens',
        'prompt_tokens',
        'completion_tokens',
      ],
    },
    { category: 'user', attributes: ['user_input'] },
    { category: 'performance', attributes: ['memory_mb', 'cpu_percent', 'process.memory.usage', 'operation'] },
    {
      category: 'security',
      keywords: ['permission denied', 'access denied', 'unauthorized', 'forbidden', 'authentication', 'permission check'],
    },
    { category: 'llm', keywords: ['llm', 'prompt tokens', 'completion tokens', 'rate limit', 'chat completion'] },
    { category: 'tool', keywords: ['tool', 'mcp'] },
    { category: 'performance', keywords: ['performance', 'slow', 'latency'] },
    { category: 'user', keywords: ['user input', 'user message', 'user command'] },
  ],
  default: 'system',
};

/** Each agent's plugin writes a file of its own and is a category of its own. */
const PLUGIN_LOGS: Preset = {
  rules: [{ category: '{1}', paths: ['com.plexapp.agents.*.log*'] }],
  default: '',
};

export const PRESETS: Readonly<Record<'llm_os' | 'plugin_logs', Preset>> = { llm_os: LLM_OS, plugin_logs: PLUGIN_LOGS };
