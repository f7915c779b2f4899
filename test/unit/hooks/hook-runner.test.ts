import { describe, expect, test } from 'vitest';
import { anonymous, type Hooks, RelayError, SfuRelay, type SfuRelayOptions } from '../../../src/index.js';

const start = (options: Partial<SfuRelayOptions>) =>
  new SfuRelay({ sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous(), ...options });

function complaint(options: object): string {
  try {
    start(options);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_RELAY_CONFIG' });
    return (error as Error).message;
  }
  return '';
}

describe('options', () => {
  test.each([
    [{ hooks: 5 }, '"hooks" must be an object'],
    [{ hooks: { onjoin() {} } }, 'There is no hook "onjoin". Did you mean "onJoin"?'],
    [{ hooks: { onJoin: true } }, '"hooks.onJoin" must be a function.'],
    [{ hookTimeoutMs: 0 }, '"hookTimeoutMs" must be a whole number from 1'],
    [{ hookFailure: { onLeave: 'pass' } }, '"hookFailure" takes no "onLeave". Write one of onConnect,'],
    [{ hookFailure: { onJoin: 'open' } }, '"hookFailure.onJoin" must be "refuse" or "pass".'],
    [{ rateLimiter: {} }, '"rateLimiter" must have a method consume'],
    [{ limits: { maxRooms: 0.5 } }, '"limits.maxRooms" must be a whole number from 1'],
    [{ limits: { maxRoom: 5 } }, '"limits" takes no "maxRoom". Did you mean "maxRooms"?'],
  ])('%j are refused, with advice', (options, advice) => {
    expect(complaint(options)).toContain(advice);
  });
});

describe('what a hook is asked', () => {
  class Policy implements Hooks {
    rooms = ['lobby'];
    onJoin({ roomId }: { roomId: string }): void {
      if (!this.rooms.includes(roomId)) throw new RelayError('ERR_RELAY_FORBIDDEN', 'Not here.');
    }
  }
  const anything = (answer: unknown): answer is unknown => true;
  const join = (roomId: string) => ({
    sessionId: 's',
    roomId,
    userId: 'alice',
    role: 'publisher' as const,
    metadata: undefined,
    principal: undefined,
    replaces: undefined,
  });

  test('is asked of the methods of an object, too, which keep their this', () => {
    const { hooks } = start({ hooks: new Policy() });
    expect(hooks.ask('onJoin', join('lobby'), anything)).toBeUndefined();
    expect(() => hooks.ask('onJoin', join('attic'), anything)).toThrow('Not here.');
  });

  test('is answered without a promise where the hook gives none', () => {
    const { hooks } = start({ hooks: { onJoin: () => ({ metadata: { badge: 1 } }) } });
    expect(hooks.ask('onJoin', join('lobby'), anything)).toEqual({ metadata: { badge: 1 } });
    expect(start({}).hooks.ask('onJoin', join('lobby'), anything)).toBeUndefined();
  });

  test('is answered by whatever has a then', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about.
    const answer = { then: (resolve: (value: object) => void) => resolve({ metadata: {} }) };
    const { hooks } = start({ hooks: { onJoin: () => answer as Promise<object> } });
    expect(await hooks.ask('onJoin', join('lobby'), anything)).toEqual({ metadata: {} });
  });
});
