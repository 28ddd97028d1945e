import { expect, test } from 'vitest';
import { defaultStorageDirectory } from './index.ts';

const HOME = { HOME: '/home/ada' };

test('takes the folder that the service manager names, the first of several', () => {
  expect(defaultStorageDirectory('/etc/winnow.yaml', { ...HOME, STATE_DIRECTORY: '/var/lib/winnow:/var/lib/other' }, 'linux')).toBe(
    '/var/lib/winnow',
  );
});

test('gives each configuration a folder of its own', () => {
  const one = defaultStorageDirectory('/etc/one.yaml', HOME, 'linux');
  const two = defaultStorageDirectory('/etc/two.yaml', HOME, 'linux');

  expect(one).toMatch(/^\/home\/ada\/\.local\/state\/winnow\/[0-9a-f]{12}$/);
  expect(two).not.toBe(one);
  expect(defaultStorageDirectory('/etc/../etc/one.yaml', HOME, 'linux')).toBe(one);
});

test('follows XDG_STATE_HOME when it is absolute', () => {
  expect(defaultStorageDirectory('a.yaml', { ...HOME, XDG_STATE_HOME: '/state' }, 'linux')).toMatch(/^\/state\/winnow\//);
  expect(defaultStorageDirectory('a.yaml', { ...HOME, XDG_STATE_HOME: 'state' }, 'linux')).toMatch(/^\/home\/ada\/\.local\/state\//);
});

test('lives under Application Support on macOS', () => {
  expect(defaultStorageDirectory('a.yaml', HOME, 'darwin')).toMatch(/^\/home\/ada\/Library\/Application Support\/winnow\//);
});
