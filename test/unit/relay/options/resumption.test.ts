import { expect, test } from 'vitest';
import { anonymous, SfuRelay, type SfuRelayOptions } from '../../../../src/index.js';

const relayOf = (resumption?: SfuRelayOptions['resumption']) =>
  new SfuRelay({
    sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
    authenticate: anonymous(),
    ...(resumption !== undefined && { resumption }),
  });

test('sessions wait for their clients by default', () => {
  const defaults = {
    graceMs: 30_000,
    maxFrames: 512,
    maxBytes: 262_144,
    maxDetached: 20_000,
    maxDetachedPerAddress: 10_000,
  };
  expect(relayOf().resumption).toEqual(defaults);
  expect(relayOf({}).resumption).toEqual(defaults);
  expect(relayOf({ graceMs: 5_000, maxDetached: 0 }).resumption).toEqual({
    ...defaults,
    graceMs: 5_000,
    maxDetached: 0,
  });
});

test('false ends them with their connections', () => {
  expect(relayOf(false).resumption).toBeUndefined();
});

test.each<[string, unknown, RegExp]>([
  [
    'true',
    true,
    /^"resumption" needs an object: write resumption: \{ graceMs: 30_000 \}, or resumption: false/,
  ],
  ['null', null, /^"resumption" needs an object/],
  ['a number', 30_000, /^"resumption" needs an object/],
  ['no time', { graceMs: 0 }, /^"graceMs" must be a whole number from 1 to 3600000, in milliseconds/],
  ['more than an hour', { graceMs: 3_600_001 }, /^"graceMs" must be/],
  ['a time as text', { graceMs: '30s' }, /^"graceMs" must be .* and is "30s"/],
  ['no frames', { maxFrames: 0 }, /^"maxFrames" must be a whole number from 1 to 65536, and is 0/],
  ['too many bytes', { maxBytes: 2 ** 27 }, /^"maxBytes" must be .*, in bytes/],
  ['a negative number of sessions', { maxDetached: -1 }, /^"maxDetached" must be a whole number from 0/],
  ['half a session', { maxDetachedPerAddress: 0.5 }, /^"maxDetachedPerAddress" must be/],
])('%s is refused, with advice', (_, resumption, message) => {
  expect(() => relayOf(resumption as never)).toThrow(
    expect.objectContaining({ code: 'ERR_RELAY_CONFIG', message: expect.stringMatching(message) }),
  );
});
