import type { ExtensionFactory } from '#component';
import { BasicAuthClient, BasicAuthServer, check, type BasicAuthConfig } from './basic-auth.ts';

export const factory: ExtensionFactory<BasicAuthConfig> = {
  kind: 'extension',
  type: 'basic_auth',
  aliases: ['basicauth'],
  stability: 'beta',
  summary: 'Shows a user and a password to backends, or lets in the users of a list.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      htpasswd: {
        type: 'object',
        additionalProperties: false,
        description: 'Who may send to receivers.',
        properties: {
          file: { type: 'string', default: '', description: 'File with `user:password` on each line. Looked at every second.' },
          inline: {
            type: 'string',
            secret: true,
            default: '',
            description: 'The same lines as text; a user here wins over one in the file. Never shown.',
          },
        },
      },
      client_auth: {
        type: 'object',
        additionalProperties: false,
        required: ['username', 'password'],
        description: 'Who we are to backends.',
        properties: {
          username: { type: 'string', minLength: 1, description: 'Our name.' },
          password: { type: 'string', minLength: 1, secret: true, description: 'Our password. Never shown.' },
        },
      },
    },
  },
  check,
  create: ({ htpasswd, client_auth: client }) =>
    client ? new BasicAuthClient(client) : new BasicAuthServer(htpasswd ?? { file: '', inline: '' }),
};
