/**
 * What deduplication, noise and truncation save, corpus by corpus: `npm run eval:reduction -- [FOLDER] [--generator FILE]`.
 *
 * The data are not part of this repository; see eval-data.ts for the folder. It, or `loghub` in it, has LogHub-2k samples with labels, NAME_2k.log and NAME_2k.gt.tsv
 * (github.com/logpai/loghub, free for research; cite Zhu et al., ISSRE 2023). The generator is that of the log-agent benchmark,
 * else `../bench/build/gen` beside the data if it is there. One corpus more, of a chatty service, is made here.
 *
 *   baseline   template ─▶ OTLP, zstd 1
 *   content    template ─▶ noise ─▶ truncate ─▶ dedupe ─▶ OTLP, zstd 1
 *   template   the same with by: template
 *   lossless   template ─▶ dedupe with encode: template ─▶ OTLP, zstd 1 ─▶ expand
 *
 * All options are the defaults but for those named, and the text of the template is exported by none of the four: it would
 * make the baseline larger. Batches and requests are of equal size for all.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { evalData } from './eval-data.ts';
import { chattyCorpus } from './reduction/chatty.ts';
import type { Corpus } from './reduction/corpus.ts';
import { generatedCorpora } from './reduction/generated.ts';
import { loghubCorpora } from './reduction/loghub.ts';
import { runPipeline, type Pipeline, type Result } from './reduction/run-pipeline.ts';

const template = ['template', { template_attribute: '', id_attribute: '' }] as const;
const cutting = [
  ['noise', {}],
  ['truncate', {}],
] as const;

const PIPELINES: Readonly<Record<string, Pipeline>> = {
  content: [template, ...cutting, ['dedupe', {}]],
  template: [template, ...cutting, ['dedupe', { by: 'template' }]],
  lossless: [template, ['dedupe', { encode: 'template' }]],
};
const REDUCTION_MIN = 0.4;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      generator: { type: 'string' },
      'lines-per-second': { type: 'string', default: '100' },
      only: { type: 'string' },
    },
  });
  const folder = evalData(positionals[0], 'loghub');
  if (folder === undefined) return;
  const generator = values.generator ?? generatorBeside(folder);
  if (generator === undefined) console.error('Without --generator FILE its corpora are left out.');
  const all: Corpus[] = [
    ...loghubCorpora(folder, Number(values['lines-per-second'])),
    ...(generator === undefined ? [] : generatedCorpora(generator)),
    chattyCorpus,
  ];
  const corpora = all.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
  console.log(
    '| Corpus | Lines | Errors | KB | content: lines, KB, saved | by template: lines, KB, saved | lossless: KB, saved, saved before zstd |',
  );
  console.log('| --- | ---: | ---: | ---: | --- | --- | --- |');
  const saved = new Map<string, number[]>();
  const problems: string[] = [];
  for (const corpus of corpora) {
    const base = await runPipeline(corpus, [template]);
    const cells = [`${corpus.name} (${corpus.origin})`, base.linesIn, base.errorsIn, kilobytes(base.bytesOut)];
    for (const [name, pipeline] of Object.entries(PIPELINES)) {
      const result = await runPipeline(corpus, pipeline);
      problems.push(...check(`${corpus.name}, ${name}`, result, name === 'lossless'));
      const share = 1 - result.bytesOut / base.bytesOut;
      saved.set(name, [...(saved.get(name) ?? []), share]);
      const lines = name === 'lossless' ? '' : `${result.linesOut}, `;
      const plain = name === 'lossless' ? `, ${percent(1 - result.plainBytesOut / base.plainBytesOut)}` : '';
      cells.push(`${lines}${kilobytes(result.bytesOut)}, ${percent(share)}${plain}`);
    }
    console.log(`| ${cells.join(' | ')} |`);
  }
  const means = new Map([...saved].map(([name, shares]) => [name, shares.reduce((sum, share) => sum + share, 0) / shares.length]));
  console.log(`\nMean of ${corpora.length} corpora: ${[...means].map(([name, mean]) => `${name} ${percent(mean)}`).join(', ')}`);
  console.log(problems.length === 0 ? 'Every error is there, all counts add up, lossless restores all.' : problems.join('\n'));
  if (problems.length > 0 || (means.get('template') ?? 0) < REDUCTION_MIN) process.exitCode = 1;
}

function generatorBeside(folder: string): string | undefined {
  return ['../../bench/build/gen', '../bench/build/gen'].map((path) => resolve(folder, path)).find((path) => existsSync(path));
}

function check(where: string, result: Result, isLossless: boolean): string[] {
  const { linesIn, passed, counted, dropped, errorsIn, errorsOut, hasEveryError, digestIn, digestOut } = result;
  const problems: string[] = [];
  if (passed + counted + dropped !== linesIn)
    problems.push(`${where}: ${passed} passed + ${counted} counted + ${dropped} dropped is not ${linesIn}`);
  if (!hasEveryError || errorsOut !== errorsIn) problems.push(`${where}: ${errorsOut} of ${errorsIn} errors came out as they went in`);
  if (isLossless && digestIn !== digestOut) problems.push(`${where}: what was expanded is not what went in`);
  return problems;
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

await main();
