import type { PropertySchema } from '#component';

/** One entry of the list that the processors attributes and resource have in common, as the operator writes it. */
export interface ActionConfig {
  /** In any case: `insert`, `INSERT`. */
  action: string;
  key?: string;
  value?: unknown;
  default_value?: unknown;
  from_attribute?: string;
  from_context?: string;
  pattern?: string;
  converted_type?: string;
}

export const ActionName = {
  insert: 'insert',
  update: 'update',
  upsert: 'upsert',
  delete: 'delete',
  hash: 'hash',
  extract: 'extract',
  convert: 'convert',
} as const;
export type ActionNameText = (typeof ActionName)[keyof typeof ActionName];

export function actionNameOf(config: ActionConfig): ActionNameText | undefined {
  const name = config.action.toLowerCase();
  return Object.values(ActionName).find((known) => known === name);
}

export const attributeActionsSchema: PropertySchema = {
  type: 'array',
  minItems: 1,
  description: 'What to do, in this order.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['action'],
    properties: {
      action: {
        type: 'string',
        description: 'One of insert, update (if there), upsert (both), delete, hash, extract, convert.',
        examples: Object.values(ActionName),
      },
      key: { type: 'string', minLength: 1, description: 'The attribute. A name with dots is one name.' },
      value: { description: 'The value to set: text, number, boolean, list or map.' },
      default_value: { description: 'The value when the one of from_attribute is missing.' },
      from_attribute: { type: 'string', minLength: 1, description: 'The attribute to copy the value from.' },
      from_context: { type: 'string', description: 'Not supported: receivers pass no request context on.' },
      pattern: {
        type: 'string',
        minLength: 1,
        description:
          'A pattern in RE2 syntax. Its named groups become attributes (extract), or it says which names are meant (delete, hash).',
      },
      converted_type: { type: 'string', description: 'For convert: int, double or string.', examples: ['int', 'double', 'string'] },
    },
  },
};
