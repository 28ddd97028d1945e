import { describe, expect, test } from 'vitest';
import { loadText, problemsOf } from '../../test/helpers/load-text.ts';
import { registry } from '../registry.ts';

describe('a pipeline of traces', () => {
  const text = `
receivers: { otlp: }
processors: { batch: , filter: { error_mode: ignore } }
exporters: { debug: }
service:
  pipelines:
    logs: { receivers: [otlp], exporters: [debug] }
    traces/all: { receivers: [otlp], processors: [batch, filter], exporters: [debug] }
`;

  test('names only what can carry them', async () => {
    expect(await problemsOf(loadText(text, { registry }))).toEqual([
      'config/winnow.yaml:8:58: service.pipelines.traces/all.processors: "filter" works on log records and cannot stand in a pipeline of traces; remove it from this one',
    ]);
    expect(
      (await loadText(text.replace('[batch, filter]', '[batch]'), { registry })).service.pipelines.map(({ signal }) => signal),
    ).toEqual(['logs', 'traces']);
  });

  test('is skipped under skipUnsupported when it names something else', async () => {
    const config = await loadText(text, { registry, skipUnsupported: true });

    expect(config.service.pipelines.map(({ id }) => id)).toEqual(['logs']);
    expect(config.warnings.map(({ message }) => message)).toContain('"filter" cannot carry traces; the pipeline is skipped');
  });
});
