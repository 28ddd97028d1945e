import type { ExtensionFactory } from '#component';
import { BearerTokenAuth, check, type BearerTokenAuthConfig } from './bearer-token-auth.ts';

export const factory: ExtensionFactory<BearerTokenAuthConfig> = {
  kind: 'extension',
  type: 'bearer_token_auth',
  aliases: ['bearertokenauth'],
  stability: 'beta',
  summary: 'Shows a token to backends, and lets in who shows one, from the configuration or from a file that may change.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      scheme: {
        type: 'string',
        pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]*$",
        expected: 'one word such as "Bearer", or "" for none',
        default: 'Bearer',
        description: 'The word before the token. Empty: the header is the token alone.',
      },
      token: { type: 'string', secret: true, default: '', description: 'The token. Never shown.' },
      tokens: {
        type: 'array',
        items: { type: 'string', secret: true },
        maxItems: 1000,
        secret: true,
        default: [],
        description: 'Several tokens: exporters show the first, receivers take any. Never shown.',
      },
      filename: {
        type: 'string',
        default: '',
        description: 'File with a token on each line, in place of `token` and `tokens`. Looked at every second.',
      },
      header: { type: 'string', minLength: 1, default: 'Authorization', description: 'The header that carries the token.' },
    },
  },
  check,
  create: (config) => new BearerTokenAuth(config),
};
