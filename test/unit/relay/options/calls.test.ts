import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as express from '../../../../src/adapters/express.js';
import * as fetch from '../../../../src/adapters/fetch.js';
import * as koa from '../../../../src/adapters/koa.js';
import * as uwebsockets from '../../../../src/adapters/uwebsockets.js';
import * as ws from '../../../../src/adapters/ws.js';
import * as client from '../../../../src/client/index.js';
import * as core from '../../../../src/index.js';
import * as auth from '../../../../src/plugins/auth/index.js';
import * as metrics from '../../../../src/plugins/metrics/index.js';
import * as limits from '../../../../src/plugins/rate-limits/index.js';
import * as testing from '../../../../src/testing/index.js';
import { installFakeBrowser } from '../../client/fake-browser.js';
import { joined } from '../../client/participant.js';

const INPUTS: Record<string, unknown[]> = { nothing: [], text: ['text'], number: [7] };

/**
 * What need not be refused, and why. All else that is exported, and all methods of what it makes, have to answer each of
 * these inputs by an error that says what to write.
 */
const FINE: Record<string, { inputs: readonly string[]; why: string }> = {
  anonymous: { inputs: ['nothing', 'text', 'number'], why: 'takes no argument' },
  RelayError: { inputs: ['nothing', 'text', 'number'], why: 'no error may fail to be made' },
  RelayClientError: { inputs: ['nothing', 'text', 'number'], why: 'no error may fail to be made' },
  chat: { inputs: ['nothing'], why: 'has defaults' },
  gift: { inputs: ['nothing'], why: 'has defaults' },
  like: { inputs: ['nothing'], why: 'has defaults' },
  rateLimits: { inputs: ['nothing'], why: 'has defaults' },
  dnsSrv: { inputs: ['text'], why: 'takes a name' },
  cookie: { inputs: ['text'], why: 'takes a name' },
  fakeAnswer: { inputs: ['text'], why: 'takes SDP' },
  tracksOf: { inputs: ['text'], why: 'takes SDP' },
  startScriptedSfu: { inputs: ['nothing'], why: 'has defaults' },
  startDevSfu: { inputs: ['nothing'], why: 'has defaults' },
  startSilentServer: { inputs: ['nothing', 'text', 'number'], why: 'takes no argument' },
  fakeOffer: { inputs: ['nothing'], why: 'offers the data channel alone' },
  fakeCandidate: { inputs: ['nothing', 'number'], why: 'takes a port' },
  subscriberOffer: { inputs: ['nothing', 'text'], why: 'takes SDP' },
  'SfuRelay.getSession': { inputs: ['nothing', 'text', 'number'], why: 'there is no such session' },
  'SfuRelay.healthCheck': { inputs: ['nothing', 'text', 'number'], why: 'takes no argument' },
  'SfuRelay.close': { inputs: ['nothing'], why: 'has defaults' },
  'RelayClient.like': { inputs: ['nothing', 'number'], why: 'counts likes' },
  'RelayClient.authenticate': { inputs: ['text'], why: 'takes a token' },
  'RelayClient.unpublish': { inputs: ['text'], why: 'takes the id of a stream' },
  'RelayClient.chat': { inputs: ['text'], why: 'takes a text' },
  'RelayClient.send': { inputs: ['text'], why: 'takes a kind' },
  'RelayClient.sendGift': { inputs: ['text'], why: 'takes a gift' },
  'RelayClient.findParticipants': { inputs: ['nothing'], why: 'returns the first page' },
  'RelayClient.restartIce': { inputs: ['nothing', 'text', 'number'], why: 'takes no argument' },
  'RelayClient.leave': { inputs: ['nothing', 'text', 'number'], why: 'takes no argument' },
  'RelayClient.close': { inputs: ['nothing', 'text', 'number'], why: 'takes no argument' },
};

/** What refuses a client, in words for it, and says the application why by the cause. */
const REFUSALS = new Set(['videoGrants']);

/** Not for applications: they are marked `@internal`, or protected. */
const INTERNAL = new Set([
  ...['SfuRelay.join', 'SfuRelay.renew', 'SfuRelay.attach', 'SfuRelay.detach'],
  ...['SfuRelay.authenticate', 'SfuRelay.sessionsOfUser', 'SfuRelay.rejoin'],
]);

type Callable = (...args: unknown[]) => unknown;
const isFunction = (value: unknown): value is Callable => typeof value === 'function';
const isClass = (value: Callable) => /^class\b/.test(Function.prototype.toString.call(value));

/** Its error; undefined where it has none, or none for now. */
async function outcomeOf(act: () => unknown): Promise<unknown> {
  const late = new Promise((resolve) => setTimeout(resolve, 300));
  const result = (async () => act())();
  return Promise.race([result, late]).then(
    async (value) => {
      const { stop } = (value ?? {}) as { stop?: () => Promise<void> };
      if (isFunction(stop)) await (value as { stop(): unknown }).stop();
      return undefined;
    },
    (error) => error,
  );
}

function expectAdvice(error: unknown): void {
  expect(error).toSatisfy(
    (value) => value instanceof core.RelayError || value instanceof client.RelayClientError,
    'it is an error of this library',
  );
  const { message } = error as Error;
  expect(message).toMatch(
    /write |must |say by |needs |missing|takes |There is no |can't|Name |Did you mean|List |send |Possible|wanted|not /i,
  );
  expect(message).not.toBe('Internal error.');
  expect(message).not.toMatch(/undefined \(reading|is not a function|Cannot destructure/);
}

const MODULES = { core, ws, uwebsockets, express, koa, fetch, auth, limits, metrics, client, testing };
const EXPORTS = Object.entries(MODULES).flatMap(([, module]) =>
  Object.entries(module).filter((entry): entry is [string, Callable] => isFunction(entry[1])),
);

const isFine = (name: string, input: string) => FINE[name]?.inputs.includes(input) === true;

beforeAll(() => {
  const restore = installFakeBrowser();
  afterAll(restore);
});

describe.each(EXPORTS)('%s', (name, value) => {
  test.each(Object.entries(INPUTS))('called with %s', async (input, args) => {
    const Made = value as unknown as new (...args: unknown[]) => unknown;
    const error = await outcomeOf(() => (isClass(value) ? new Made(...args) : value(...args)));
    if (isFine(name, input)) expect(error).toBeUndefined();
    else
      expectAdvice(REFUSALS.has(name) ? new core.RelayError('ERR_RELAY_FORBIDDEN', causeOf(error)) : error);
  });
});

function causeOf(error: unknown): string {
  return error instanceof core.RelayError ? (error.cause as Error).message : '';
}

/** The methods of an object, those of its classes too. */
function methodsOf(object: object): string[] {
  const names = new Set<string>();
  for (
    let proto = Object.getPrototypeOf(object);
    proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  )
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(proto)))
      if (isFunction(value) && name !== 'constructor') names.add(name);
  return [...names];
}

/** Of every emitter, and protected. */
const OF_EMITTERS = ['off', 'emit', 'listenerCount', 'removeAllListeners'];

describe('a method of the relay', () => {
  const makeRelay = () =>
    new core.SfuRelay({
      sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
      authenticate: core.anonymous(),
      healthTimeoutMs: 100,
    });
  const names = methodsOf(makeRelay()).filter((name) => !OF_EMITTERS.includes(name));

  test.each(names.filter((name) => !INTERNAL.has(`SfuRelay.${name}`)))('%s', async (name) => {
    for (const [input, args] of Object.entries(INPUTS)) {
      const relay = makeRelay();
      const error = await outcomeOf(() => (relay as unknown as Record<string, Callable>)[name]?.(...args));
      if (isFine(`SfuRelay.${name}`, input)) expect(error).toBeUndefined();
      else expectAdvice(error);
      await relay.close();
    }
  });
});

test.each<[string, (relay: core.SfuRelay, id: never) => unknown]>([
  ['closeSession', (relay, id) => relay.closeSession(id)],
  ['updateGrants', (relay, id) => relay.updateGrants(id, {})],
  ['getSessionStats', (relay, id) => relay.getSessionStats(id)],
])('%s() without an id says that it takes the id of a session', async (_, call) => {
  const relay = new core.SfuRelay({
    sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
    authenticate: core.anonymous(),
  });
  const error = await outcomeOf(() => call(relay, undefined as never));
  expect(error).toMatchObject({
    code: 'ERR_RELAY_SESSION_NOT_FOUND',
    message: expect.stringMatching(/first argument must be the id of a session/),
  });
  await relay.close();
});

test('an API that is made with undefined for a relay that is switched off answers, one made with nothing is refused', () => {
  for (const make of [express.createRouter, koa.createMiddleware, fetch.createHandler]) {
    expect(make(undefined)).toBeTypeOf('function');
    expect(() => (make as Callable)()).toThrow(
      /needs an SfuRelay: write .*\(undefined\) where there is no SFU/,
    );
  }
});

test('connect() where there is no WebSocket says so, and that another attempt is of no use', async () => {
  vi.stubGlobal('WebSocket', undefined);
  const error = await outcomeOf(() => client.connect('ws://127.0.0.1:1/'));
  // The fake browser's, again.
  installFakeBrowser();
  expect(error).toMatchObject({
    code: 'ERR_CLIENT_CONNECT',
    retryable: false,
    message: expect.stringMatching(/WebSocket is not/),
  });
});

describe('a method of the client', () => {
  test('answers wrong arguments with advice', async () => {
    const names = methodsOf((await joined()).client).filter((name) => !OF_EMITTERS.includes(name));
    expect(names).toContain('publish');
    for (const name of names) {
      for (const [input, args] of Object.entries(INPUTS)) {
        const { client: relayClient } = await joined();
        const error = await outcomeOf(() =>
          (relayClient as unknown as Record<string, Callable>)[name]?.(...args),
        );
        if (isFine(`RelayClient.${name}`, input))
          expect([name, input, error]).toEqual([name, input, undefined]);
        else expectAdvice(error);
        relayClient.close();
      }
    }
  });
});

describe('a method of a session and of its room', () => {
  let sfu: testing.ScriptedSfu;
  let relay: core.SfuRelay;
  let session: core.Session;

  beforeAll(async () => {
    sfu = await testing.startScriptedSfu();
    relay = new core.SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: core.anonymous() });
    session = await relay.createSession({ roomId: 'lobby', userId: 'alice', sdp: testing.fakeOffer() });
  });
  afterAll(async () => {
    await relay.close();
    await sfu.stop();
  });

  test.each([
    ...[
      'offer',
      'answerOffer',
      'addIceCandidate',
      'subscribe',
      'update',
      'send',
      'reportStats',
      'on',
      'once',
    ],
  ])('session.%s', async (name) => {
    for (const args of Object.values(INPUTS))
      expectAdvice(await outcomeOf(() => (session as unknown as Record<string, Callable>)[name]?.(...args)));
  });

  test.each(['send', 'deleteMessage', 'mute', 'unmute'])('room.%s', async (name) => {
    for (const [input, args] of Object.entries(INPUTS)) {
      if (name === 'deleteMessage' && input === 'text') continue;
      expectAdvice(
        await outcomeOf(() => (session.room as unknown as Record<string, Callable>)[name]?.(...args)),
      );
    }
  });

  test.each(['kick', 'ban', 'unban'])('room.%s', async (name) => {
    for (const args of [[], [7]])
      expectAdvice(
        await outcomeOf(() => (session.room as unknown as Record<string, Callable>)[name]?.(...args)),
      );
    expectAdvice(
      await outcomeOf(() => (session.room as unknown as Record<string, Callable>)[name]?.('x'.repeat(5_000))),
    );
  });

  test.each([['text'], [7]])('room.end(%j)', async (options) => {
    expectAdvice(await outcomeOf(() => session.room.end(options as unknown as { reason: string })));
    expect(session.state).toBe('joined');
  });
});
