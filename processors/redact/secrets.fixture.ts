/** Made-up secrets of every kind, put together here so that no scanner of repositories takes them for real ones. */
const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const repeated = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length)).slice(0, length);

const JWT = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url('{"sub":"1234567890","iat":1516239022}')}.${repeated('a1B2_c', 43)}`;
export const PEM: string = `-----BEGIN RSA PRIVATE KEY-----\n${repeated('MIIEpAIBAAKCAQEA', 64)}\n-----END RSA PRIVATE KEY-----`;

/** What is secret, the text around it, and the rule that finds it. */
export const SECRETS: readonly (readonly [rule: string, secret: string, around: (secret: string) => string])[] = [
  ['assignment', 'hunter2', (it) => `login with password=${it} failed`],
  ['assignment', 'p"4\\s', (it) => `{"user":"bob","password":${JSON.stringify(it)},"n":1}`],
  ['assignment', 'abc-123', (it) => `GET /v1/items?page=2&access_token=${it}&x=1 HTTP/1.1`],
  ['assignment', 'Zx9/+==', (it) => `DefaultEndpointsProtocol=https;AccountKey=${it};EndpointSuffix=core.windows.net`],
  ['assignment', 'k3y', (it) => `export DB_PASS='${it}'`],
  ['assignment', 'tops3cret', (it) => `mysql --password ${it} -u root`],
  ['assignment', 'abcdef0123456789', (it) => `X-Api-Key: ${it}`],
  ['assignment', 'sid=31d4d96e407aad42; lang=en', (it) => `Cookie: ${it}`],
  ['authorization', 'abcdef0123456789abcdef', (it) => `sent Bearer ${it} upstream`],
  ['authorization', Buffer.from('user:pass').toString('base64'), (it) => `tried Basic ${it} first`],
  ['url_credentials', 'p@ss', (it) => `connecting to postgres://bob:${it}@db.local:5432/x`],
  ['private_key', PEM, (it) => `loaded ${it} from disk`],
  ['jwt', JWT, (it) => `session ${it} opened`],
  ['aws', `AKIA${repeated('IOSFODNN7EXAMPLE', 16)}`, (it) => `caller ${it} is unknown`],
  ['gcp', `AIza${repeated('SyD-9tSrke72PouQMnMX_a7eZSW0jkFMBWY', 35)}`, (it) => `maps ${it} quota`],
  ['azure', `abc8Q~${repeated('Dk3n_x.Y', 33)}`, (it) => `client ${it} expires`],
  ['github', `ghp_${repeated('a1B2c3', 36)}`, (it) => `push with ${it}`],
  ['gitlab', `glpat-${repeated('x9Y8_z', 20)}`, (it) => `clone with ${it}`],
  ['slack', `xoxb-${repeated('123456789012-', 24)}Ab9`, (it) => `bot ${it} joined`],
  ['slack', `services/T00000000/B00000000/${repeated('X1y2', 24)}`, (it) => `posting to https://hooks.slack.com/${it} now`],
  ['stripe', `sk_live_${repeated('4eC39HqLyjWDarjtT1zdp7dc', 24)}`, (it) => `charge by ${it}`],
  ['api_token', `sk-proj-${repeated('T3blbkFJ', 40)}`, (it) => `model called with ${it}`],
  ['api_token', `npm_${repeated('aB3', 36)}`, (it) => `publish ${it} ok`],
  ['card', '4111 1111 1111 1111', (it) => `paid with ${it}.`],
  ['card', '378282246310005', (it) => `paid with ${it} today`],
  ['card', '3782-822463-10005', (it) => `paid with ${it} today`],
  ['iban', 'DE89 3704 0044 0532 0130 00', (it) => `transfer to ${it}.`],
  ['iban', 'GB29NWBK60161331926819', (it) => `transfer to ${it} done`],
];

/** Lines in which nothing is secret, though much of it looks like it. */
export const ORDINARY: readonly string[] = [
  '550e8400-e29b-41d4-a716-446655440000 2026-09-21T14:13:20.000Z took 4111111111111112 ns',
  'commit da39a3ee5e6b4b0d3255bfef95601890afd80709 at 1769000000123456789',
  '{"trace_id":"c34d0bff9015028071bb54d8d101b5b9","span_id":"71c18690ee42c90b","max_tokens":4096,"next_page_token":"CAUQAA"}',
  'unexpected token: expired',
  'invalid token "}" at 7',
  'basic authentication required',
  'bearer of good news, very unfortunately',
  'sudo: PWD=/root ; USER=root ; COMMAND=/bin/sh',
  'password reset for bob',
  '"password":null,"secret":""',
  'password=[REDACTED] token=****',
  'author: Jane, authority=example.org, tokenizer=gpt2, secretary: Kim',
  'https://user@example.org/path?x=1',
  'GET /api/v1/orders/70817?seq=3 HTTP/1.1" 404',
  'kill sig=SIGTERM',
  '-----BEGIN CERTIFICATE-----',
  'DE89 3704 0044 0532 0130 01',
  'order 0.4111111111111111 of 4111111111111111.5',
  'a-4111-1111-1111-1111',
  'task-sk-1',
  'hf_hub_download and npm_config_cache',
  'AKIAx and SKU 123',
  'passport=none bypass=1 compass: north',
  'key 52306 refreshed',
  'cookie: disabled',
  'export TOKEN=${SECRET_TOKEN}',
  'password:',
  'token=',
  '192.168.1.10 bob@example.org +49 30 901820',
];
