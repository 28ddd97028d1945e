/**
 * What every component of the registry keeps to. Each check gives a list of violations; planted.test.ts shows that each
 * of them finds what it is for.
 */
import { describe, expect, test } from 'vitest';
import { registry } from '../../src/registry.ts';
import { checkFolders, checkReadme, checkTestdata } from './check-documents.ts';
import { checkAccounts, checkAccountsInNeed, checkStartAndStop } from './check-life.ts';
import { checkFacts, checkSchema } from './check-schema.ts';
import { root, subjectOf, type Subject } from './subject.ts';

test('the registry lists every folder of a component, and nothing else', () => expect(checkFolders(root, registry)).toEqual([]));

const subjects: Subject[] = await Promise.all(registry.map(subjectOf));

describe.each(subjects)('$entry.kind $entry.type', (subject) => {
  test('is what the registry says of it', () => expect(checkFacts(subject)).toEqual([]));
  test('describes every option, with valid defaults', () => expect(checkSchema(subject)).toEqual([]));
  test('takes its good configurations and refuses its bad ones', async () => expect(await checkTestdata(subject)).toEqual([]));
  test('has a README with the headings all have', () => expect(checkReadme(subject)).toEqual([]));
  test('starts and stops, twice, and without start, and leaves nothing open', async () =>
    expect(await checkStartAndStop(subject)).toEqual([]));
  test('accounts for every record', async () => expect(await checkAccounts(subject)).toEqual([]));
  test('accounts for every record when nobody takes them', async () => expect(await checkAccountsInNeed(subject)).toEqual([]));
});
