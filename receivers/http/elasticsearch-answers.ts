import type { HttpProblem, ServerReply } from '#net';

/** Clients refuse to talk to a server that does not say this of itself, also in its errors. */
export const PRODUCT = { 'x-elastic-product': 'Elasticsearch' } as const;

/** The version we behave like. Shippers refuse to send to one that is older than they are. */
const VERSION = '8.19.0';

const LICENSE = { uid: 'winnow', type: 'basic', mode: 'basic', status: 'active', issued_to: 'winnow', issuer: 'winnow' };
const OFF = { available: true, enabled: false };

const FIXED: Readonly<Record<string, object>> = {
  '/': {
    name: 'winnow',
    cluster_name: 'winnow',
    cluster_uuid: 'winnow',
    version: {
      number: VERSION,
      build_flavor: 'default',
      build_type: 'tar',
      build_hash: 'winnow',
      build_date: '2026-01-01T00:00:00.000Z',
      build_snapshot: false,
      lucene_version: '9.12.0',
      minimum_wire_compatibility_version: '7.17.0',
      minimum_index_compatibility_version: '7.0.0',
    },
    tagline: 'You Know, for Search',
  },
  '/_license': { license: LICENSE },
  '/_xpack': { license: LICENSE, features: { ilm: { available: true, enabled: true }, monitoring: OFF, security: OFF } },
  '/_cluster/health': { cluster_name: 'winnow', status: 'green', timed_out: false, number_of_nodes: 1, number_of_data_nodes: 1 },
  '/_nodes': { cluster_name: 'winnow', nodes: {} },
  '/_nodes/http': { cluster_name: 'winnow', nodes: {} },
};

// What shippers set up before they send: it is there already, as far as they can tell.
const SET_UP = /^\/_(?:index_template|template|component_template|ilm\/policy|ingest\/pipeline|data_stream|cat)(?:\/|$)/;

/** Asks that what was sent can be found; whoever gets it sees to that. */
const REFRESH = /^\/(?:[^/]+\/)?_refresh$/;
const REFRESHED = { _shards: { total: 1, successful: 1, failed: 0 } };

export function isHandshake(path: string): boolean {
  return Object.hasOwn(FIXED, path) || SET_UP.test(path) || REFRESH.test(path);
}

export function handshakeMethods(path: string): readonly string[] {
  if (REFRESH.test(path)) return ['GET', 'POST'];
  return Object.hasOwn(FIXED, path) ? ['GET', 'HEAD'] : ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];
}

export function answerHandshake(path: string, method: string): ServerReply {
  const isRead = method === 'GET' || method === 'HEAD';
  if (REFRESH.test(path)) return { status: 200, contentType: 'application/json', headers: PRODUCT, body: JSON.stringify(REFRESHED) };
  const body = isRead ? ((Object.hasOwn(FIXED, path) ? FIXED[path] : undefined) ?? {}) : { acknowledged: true };
  return { status: 200, contentType: 'application/json', headers: PRODUCT, body: JSON.stringify(body) };
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'illegal_argument_exception',
  401: 'security_exception',
  413: 'content_too_large_exception',
  415: 'media_type_header_exception',
  429: 'es_rejected_execution_exception',
  503: 'unavailable_shards_exception',
};

export function elasticError({ status, message }: HttpProblem): ServerReply {
  const cause = { type: TYPES[status] ?? 'exception', reason: message };
  const body = JSON.stringify({ error: { root_cause: [cause], ...cause }, status });
  return { status, contentType: 'application/json', headers: PRODUCT, body };
}
