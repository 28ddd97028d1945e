import { expect, test } from 'vitest';
import { validate } from '../../test/contract/subject.ts';
import { factory } from './index.ts';
import { Origins } from './origin.ts';

function create(): Origins {
  const { config } = validate(factory, {});
  return new Origins(config as never);
}

test('what requests have in common is made once', () => {
  const origins = create();

  expect(origins.share({ app: 'a' })).toBe(origins.share({ app: 'a' }));
  expect(origins.resourceWith({ 'host.name': 'a' })).toBe(origins.resourceWith({ 'host.name': 'a' }));
});

test('what is long is not kept: names and labels are the word of the sender, and as long as a body may be', () => {
  const origins = create();
  const long = 'x'.repeat(100_000);

  expect(origins.share({ app: long })).not.toBe(origins.share({ app: long }));
  expect(origins.resourceWith({ 'host.name': long })).not.toBe(origins.resourceWith({ 'host.name': long }));
});
