import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  anonymous,
  type BanStore,
  ERRORS,
  type Logger,
  RelayError,
  SfuRelay,
  type SfuRelayOptions,
} from '../../src/index.js';
import { jwt } from '../../src/plugins/auth/index.js';
import { fakeAnswer, fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { overMemory } from './memory-server.js';
import { WireClient } from './wire-client.js';

/** An error of another copy of the library in the process. */
class OtherCopy extends Error {
  readonly code = 'ERR_RELAY_TOO_MANY';

  constructor(message: string) {
    super(message);
    Object.defineProperty(this, Symbol.for('sfu-relay.RelayError'), { value: true });
  }
}

function withThrowingGetters(): Error {
  const error = new Error('hidden');
  for (const name of ['stack', 'message', 'name', 'code', 'status', 'cause', 'then'])
    Object.defineProperty(error, name, {
      get() {
        throw new Error('a getter');
      },
    });
  return error;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** What an application may throw, and the code and the application's code that a refusal by it has, where it is one. */
const THROWN: Record<string, { make(): unknown; refuses?: { code: string; appCode?: string } }> = {
  undefined: { make: () => undefined },
  'a string': { make: () => 'no' },
  'a frozen object': { make: () => Object.freeze({ status: 500 }) },
  'an error': { make: () => new Error('the database is down') },
  'an error whose getters throw': { make: withThrowingGetters },
  'a revoked Proxy': { make: revoked },
  'a RelayError that was changed': {
    make: () =>
      Object.assign(new RelayError('ERR_RELAY_ROOM_LOCKED', 'Not now.'), { appCode: 10n, retryAfterMs: 5n }),
    refuses: { code: 'ERR_RELAY_ROOM_LOCKED' },
  },
  'a RelayError': {
    make: () => new RelayError('ERR_RELAY_ROOM_LOCKED', 'Not now.'),
    refuses: { code: 'ERR_RELAY_ROOM_LOCKED' },
  },
  'a RelayError with a code of its own': {
    make: () => Object.freeze(new RelayError('ERR_NO_COINS', 'No coins.')),
    refuses: { code: 'ERR_RELAY_FORBIDDEN', appCode: 'ERR_NO_COINS' },
  },
  'a RelayError of another copy of the library': {
    make: () => new OtherCopy('Slow down.'),
    refuses: { code: 'ERR_RELAY_TOO_MANY' },
  },
};

/** How it is thrown. */
const WAYS: Record<string, (value: unknown) => unknown> = {
  thrown: (value) => {
    throw value;
  },
  rejected: (value) => Promise.reject(value),
  'rejected by a foreign thenable': (value) => ({
    // biome-ignore lint/suspicious/noThenProperty: a promise of another make.
    then: (_resolve: unknown, reject: (reason: unknown) => void) => void setImmediate(() => reject(value)),
  }),
};

type Fault = () => never;
type Seen = { code?: string | undefined; appCode?: string | undefined; close?: number };

/** One callback of the application: how it is given, what is done that calls it, and what comes of an ordinary error. */
interface Callback {
  options(fault: Fault): Partial<SfuRelayOptions>;
  /** Gives what the client sees of it; undefined where it goes on as if nothing had been. */
  occasion(open: () => Promise<WireClient>, relay: SfuRelay, fault: Fault): Promise<Seen | undefined>;
  /** What the client sees where an error that is no RelayError is thrown; undefined: nothing. */
  ordinary: Seen | undefined;
  /** A RelayError is no refusal: nobody asks. */
  told?: true;
  /** What it gives while it is not at fault. @default undefined */
  calm?: unknown;
}

const joinParams = (uid: string) => ({
  sid: 'lobby',
  uid,
  offer: { type: 'offer', sdp: fakeOffer() },
});
const INTERNAL = { code: 'ERR_RELAY_INTERNAL' };

/** Its first message is what it is authenticated by, as it has no token. */
async function seenClose(client: WireClient): Promise<Seen> {
  client.notify('ping');
  return { close: (await client.closed).code };
}

async function seenOf(client: WireClient, method: string, params?: unknown): Promise<Seen | undefined> {
  const { error } = await client.request(method, params);
  const { code, appCode } = (error?.data ?? {}) as { code?: string; appCode?: string };
  return error && { code, ...(appCode !== undefined && { appCode }) };
}

const join = async (open: () => Promise<WireClient>): Promise<Seen | undefined> =>
  seenOf(await open(), 'join', joinParams('alice'));

async function joined(open: () => Promise<WireClient>): Promise<WireClient> {
  const client = await open();
  expect(await seenOf(client, 'join', joinParams('alice'))).toBeUndefined();
  return client;
}

const hook = (name: string, fault: Fault) => ({ hooks: { [name]: fault } });

const CALLBACKS: Record<string, Callback> = {
  authenticate: {
    calm: {},
    options: (authenticate) => ({ authenticate }),
    occasion: async (open) => seenClose(await open()),
    ordinary: { close: ERRORS.ERR_RELAY_AUTH_UNAVAILABLE.close },
  },
  'getToken of jwt()': {
    calm: new SignJWT({ video: { roomJoin: true } })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('bob')
      .setExpirationTime('1 hour')
      .sign(Buffer.from('s'.repeat(32))),
    options: (getToken) => ({ authenticate: jwt({ secret: 's'.repeat(32), getToken }) }),
    occasion: async (open) => seenClose(await open()),
    ordinary: { close: ERRORS.ERR_RELAY_AUTH_UNAVAILABLE.close },
  },
  onConnect: {
    options: (fault) => hook('onConnect', fault),
    occasion: async (open) => seenClose(await open()),
    ordinary: { close: ERRORS.ERR_RELAY_FORBIDDEN.close },
  },
  onAuthenticate: {
    options: (fault) => hook('onAuthenticate', fault),
    occasion: async (open) => seenClose(await open()),
    ordinary: { close: ERRORS.ERR_RELAY_AUTH_UNAVAILABLE.close },
  },
  onJoin: {
    options: (fault) => hook('onJoin', fault),
    occasion: join,
    ordinary: { code: 'ERR_RELAY_FORBIDDEN' },
  },
  onSignal: {
    options: (fault) => hook('onSignal', fault),
    occasion: join,
    ordinary: { code: 'ERR_RELAY_FORBIDDEN' },
  },
  onReply: { options: (fault) => hook('onReply', fault), occasion: join, ordinary: INTERNAL },
  onMessage: {
    options: (fault) => hook('onMessage', fault),
    occasion: async (open) =>
      seenOf(await joined(open), 'message', { kind: 'chat', data: { text: 'hello' } }),
    ordinary: { code: 'ERR_RELAY_FORBIDDEN' },
  },
  onLeave: {
    options: (fault) => hook('onLeave', fault),
    occasion: async (open) => seenOf(await joined(open), 'leave'),
    ordinary: undefined,
    told: true,
  },
  onClose: {
    options: (fault) => hook('onClose', fault),
    occasion: async (open) => void (await (await joined(open)).close()),
    ordinary: undefined,
    told: true,
  },
  'the schema of a message': {
    calm: { value: 'calm' },
    options: (validate) => ({
      messages: { note: { schema: { '~standard': { version: 1, vendor: 'test', validate } } } },
    }),
    occasion: async (open) => seenOf(await joined(open), 'message', { kind: 'note', data: 'hello' }),
    ordinary: INTERNAL,
  },
  'the rate limiter': {
    options: (fault) => ({
      rateLimiter: { consume: ({ method }) => (method === 'ping' ? fault() : undefined) },
    }),
    occasion: async (open) => seenOf(await open(), 'ping'),
    ordinary: undefined,
  },
  'the store of bans': {
    options: (find) => ({ bans: { find, set() {}, delete() {} } as unknown as BanStore }),
    occasion: join,
    ordinary: INTERNAL,
  },
  iceServers: {
    calm: [],
    options: (iceServers) => ({ iceServers }),
    occasion: join,
    ordinary: undefined,
    told: true,
  },
  'the logger': {
    options: (fault) => ({
      hooks: {
        onMessage() {
          throw new Error('something to log');
        },
      },
      logger: { debug: fault, info: fault, warn: fault, error: fault } as Logger,
    }),
    occasion: async (open) => {
      await seenOf(await joined(open), 'message', { kind: 'chat', data: { text: 'hello' } });
      return undefined;
    },
    ordinary: undefined,
    told: true,
  },
  'listeners of a relay': {
    options: () => ({}),
    occasion: async (open, relay, fault) => {
      relay.on('sessionopen', fault);
      relay.on('sessionclose', fault);
      await (await joined(open)).close();
      return undefined;
    },
    ordinary: undefined,
    told: true,
  },
  'listeners of a session': {
    options: () => ({}),
    occasion: async (open, relay, fault) => {
      relay.on('sessionopen', (session) => {
        for (const name of ['message', 'participants', 'close', 'answer', 'tracks'] as const)
          session.on(name, fault);
      });
      const client = await joined(open);
      await seenOf(client, 'message', { kind: 'chat', data: { text: 'hello' } });
      await client.close();
      return undefined;
    },
    ordinary: undefined,
    told: true,
  },
};

describe.each(Object.entries(CALLBACKS))('%s', (_callback, { options, occasion, ordinary, told, calm }) => {
  let sfu: ScriptedSfu;
  let relay: SfuRelay;
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    process.on('unhandledRejection', note).on('uncaughtException', note);
  });
  afterAll(async () => {
    await sfu.stop();
    process.off('unhandledRejection', note).off('uncaughtException', note);
  });
  beforeEach(() => {
    unhandled.length = 0;
  });
  afterEach(async () => {
    await relay.close();
  });

  const cases = Object.entries(THROWN).flatMap(([what, thrown]) =>
    Object.entries(WAYS).map(([how, way]) => [what, how, thrown, way] as const),
  );

  test.each(cases)(
    '%s %s: the outcome is as documented, others are unharmed',
    async (_what, _how, thrown, way) => {
      let isArmed = false;
      const fault = () => (isArmed ? way(thrown.make()) : calm) as never;
      relay = new SfuRelay({
        sfu: { serverUrl: sfu.address },
        authenticate: anonymous(),
        logger: false,
        hookTimeoutMs: 1_000,
        ...options(fault),
      });
      const dial = overMemory(relay, {});
      const open = () => WireClient.open(dial(['sfu-relay.v1'], {}, ''));
      const bystander = await open();
      const elsewhere = { ...joinParams('bob'), sid: 'elsewhere' };
      expect(await seenOf(bystander, 'join', elsewhere)).toBeUndefined();
      // What the SFU says of its own accord has been said.
      await bystander.notified('offer');
      await bystander.notified('trickle');
      isArmed = true;

      const seen = await occasion(open, relay, fault);
      isArmed = false;
      const { refuses } = thrown;
      if (!refuses || told) expect(seen).toEqual(ordinary);
      else if (ordinary && 'close' in ordinary)
        expect(seen).toEqual({ close: ERRORS[refuses.code as keyof typeof ERRORS].close });
      else expect(seen).toEqual(refuses);

      expect(await seenOf(bystander, 'update', { metadata: { still: 'here' } })).toBeUndefined();
      await new Promise(setImmediate);
      expect(unhandled).toEqual([]);
    },
  );
});

test('an answer of a client is taken while another one is refused by a code of the application', async () => {
  const sfu = await startScriptedSfu();
  const relay = new SfuRelay({
    sfu: { serverUrl: sfu.address },
    authenticate: anonymous(),
    logger: false,
    hooks: {
      onMessage() {
        throw new RelayError('ERR_NO_COINS', 'You have no coins left.');
      },
    },
  });
  const client = await WireClient.open(overMemory(relay, {})(['sfu-relay.v1'], {}, ''));
  await client.request('join', joinParams('alice'));
  const { error } = await client.request('message', { kind: 'chat', data: { text: 'hello' } });
  expect(error).toEqual({
    code: -32003,
    message: 'You have no coins left.',
    data: { code: 'ERR_RELAY_FORBIDDEN', appCode: 'ERR_NO_COINS', retryable: false },
  });
  client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer('') } });
  expect((await client.request('ping')).result).toEqual({});
  await relay.close();
  await sfu.stop();
});
