/**
 * Every processor of the registry, with each configuration of its testdata and under each of its names, in random
 * stories: rows in are rows out, or counted as dropped, suppressed, merged or held. See check-conservation.ts for what
 * may happen. The seed is printed with a failure; WINNOW_SEED gives it again, WINNOW_RUNS says how many stories.
 */
import { describe, expect, test } from 'vitest';
import { registry } from '../../src/registry.ts';
import { checkConservation } from './check-conservation.ts';
import { membersOf } from './members.ts';
import { subjectOf, type Subject } from './subject.ts';

const runs = Number(process.env['WINNOW_RUNS'] ?? 25);
const seed = Number(process.env['WINNOW_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const subjects: Subject[] = await Promise.all(registry.filter(({ kind }) => kind === 'processor').map(subjectOf));

describe.each(subjects)('$entry.type', async (subject) => {
  const members = await membersOf(subject);

  test('has a configuration to be tried with', () => expect(members.size).toBeGreaterThan(0));

  test.each([...members])('accounts for every row: %s', { timeout: 120_000 }, async (_name, member) => {
    expect(await checkConservation(member, { runs, seed })).toEqual([]);
  });
});
