import { describe, expect, test } from 'vitest';
import { anonymous, SfuRelay, type SfuRelayOptions } from '../../../src/index.js';
import { startDevSfu, startScriptedSfu } from '../../../src/testing/index.js';
import { integer } from '../../../src/util/check-options.js';

const makeRelay = (options: object) =>
  new SfuRelay({
    sfu: { serverUrl: 'localhost:5551' },
    authenticate: anonymous(),
    ...options,
  } as SfuRelayOptions);

describe('the error of a number names the option, its unit and what was given', () => {
  test.each<[given: unknown, received: string]>([
    ['15s', 'is "15s"'],
    [0.5, 'is 0.5'],
    [Number.NaN, 'is NaN'],
    [{ ms: 1 }, 'is an object'],
    ['x'.repeat(40), `is "${'x'.repeat(32)}"`],
  ])('%s', (joinTimeoutMs, received) => {
    expect(() => makeRelay({ joinTimeoutMs })).toThrow(
      `"joinTimeoutMs" must be a whole number from 1 to 2147483647, in milliseconds, and ${received}.`,
    );
  });

  test('an option in bytes, one without a unit, and a required one', () => {
    expect(() => integer({ maxBytes: -1 }, 'maxBytes', 1_024)).toThrow(
      '"maxBytes" must be a whole number from 1 to 2147483647, in bytes, and is -1.',
    );
    expect(() => integer({ hops: 9 }, 'hops', 0, 0, 8)).toThrow(
      '"hops" must be a whole number from 0 to 8, and is 9.',
    );
    expect(() => integer({ points: undefined as never }, 'points', Number.NaN)).toThrow(
      '"points" must be a whole number from 1 to 2147483647, and is missing.',
    );
  });
});

test.each([startDevSfu, startScriptedSfu])('a port that does not exist is refused by %o', async (start) => {
  await expect(start({ port: 80_000 })).rejects.toMatchObject({
    code: 'ERR_RELAY_CONFIG',
    message: '"port" must be a whole number from 0 to 65535, and is 80000.',
  });
});

test('a hook among the options of the relay is told where it belongs', () => {
  expect(() => makeRelay({ onJoin: () => {} })).toThrow(
    'SfuRelay takes no "onJoin". Write hooks: { onJoin(…) {} }.',
  );
  expect(() => makeRelay({ onJoin: undefined })).not.toThrow();
});
