import { afterEach, describe, expect, test } from 'vitest';
import { factory } from '../../exporters/elasticsearch/index.ts';
import { startExporterOf, type ExporterRig } from '../helpers/exporter-rig.ts';
import { batchOf } from '../helpers/otlp-exporter.ts';

/** A real Elasticsearch that a test may write to; user and password stand in the address. */
const URL_GIVEN = process.env['ELASTICSEARCH_URL'];
if (URL_GIVEN === undefined)
  process.stderr.write('SKIPPED: elasticsearch is not tested with a real server; ELASTICSEARCH_URL may name one.\n');

const rigs: ExporterRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});

describe.skipIf(URL_GIVEN === undefined)('a real Elasticsearch', () => {
  test.each(['otel', 'ecs', 'agent'])(
    'takes documents of the mapping %s, and refuses the one that does not fit',
    { timeout: 60_000 },
    async (mode) => {
      const name = `winnow-test-${mode}-${Date.now()}`;
      const url = new URL(URL_GIVEN ?? '');
      const { username, password } = url;
      url.username = '';
      url.password = '';
      const rig = await startExporterOf(factory, {
        endpoint: URL_GIVEN,
        logs_index: name,
        mapping: { mode },
        index_template: { enabled: true, name, patterns: [name] },
        generated_ids: true,
      });
      rigs.push(rig);
      const batch = batchOf(['one', 'two', 'three']);
      batch.setAttribute(0, 'size', 1);
      batch.setAttribute(1, 'size', { large: true });

      const outcome = await rig.send(batch);

      expect(outcome).toEqual({ durable: 2, dropped: new Map([['refused_by_backend', 1]]), abandoned: 0 });
      const headers = username === '' ? {} : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
      const ask = async (method: string, path: string): Promise<unknown> => (await fetch(new URL(path, url), { method, headers })).json();
      try {
        await ask('POST', `/${name}/_refresh`);
        expect(await ask('GET', `/${name}/_count`)).toMatchObject({ count: 2 });
      } finally {
        await ask('DELETE', `/${name}`);
        await ask('DELETE', `/_index_template/${name}`);
      }
    },
  );
});
