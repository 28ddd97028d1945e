import type { ConfigProblem, PropertySchema } from '#component';

// Not imported, for the reason given in src/net/http-client.ts.
const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http');

interface HeaderConfig {
  name: string;
  value: string;
}

/** Headers for each request, in either form that the Collector takes. */
export type HeadersConfig = Record<string, string> | HeaderConfig[];

const header = { type: 'string', secret: true } as const;

export const headersSchema: PropertySchema = {
  anyOf: [
    { type: 'object', additionalProperties: header },
    {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'value'],
        properties: { name: { type: 'string' }, value: header },
      },
    },
  ],
  secret: true,
  default: {},
};

/** What the schema cannot say. Values stay out of the messages. */
export function headerProblems(headers: HeadersConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, value] of headersOf(headers)) {
    const path = `headers.${name}`;
    try {
      validateHeaderName(name);
    } catch {
      problems.push({ path, message: 'the name of a header has letters, digits and hyphens only' });
      continue;
    }
    try {
      validateHeaderValue(name, value);
    } catch {
      problems.push({
        path,
        message: 'the value has a line break or another character that a header cannot carry; it may come from a file',
      });
    }
  }
  return problems;
}

export function headersOf(headers: HeadersConfig): [string, string][] {
  return Array.isArray(headers) ? headers.map(({ name, value }) => [name, value]) : Object.entries(headers);
}
