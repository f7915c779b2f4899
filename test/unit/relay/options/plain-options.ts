import { Registry } from 'prom-client';
import { createRouter } from '../../../../src/adapters/express.js';
import { createHandler } from '../../../../src/adapters/fetch.js';
import { createMiddleware } from '../../../../src/adapters/koa.js';
import { makeBehavior } from '../../../../src/adapters/uwebsockets.js';
import { useServer } from '../../../../src/adapters/ws.js';
import {
  acceptConnection,
  anonymous,
  chat,
  dnsSrv,
  gift,
  like,
  type RelaySocket,
  SfuRelay,
  turnRest,
} from '../../../../src/index.js';
import { introspection, jwt } from '../../../../src/plugins/auth/index.js';
import { collectMetrics } from '../../../../src/plugins/metrics/index.js';
import { rateLimits } from '../../../../src/plugins/rate-limits/index.js';
import { type RedisClient, redisBackplane } from '../../../../src/plugins/redis/index.js';
import { readDrain, readMove } from '../../../../src/relay/moves/move-options.js';
import { fakeOffer, startDevSfu, startScriptedSfu } from '../../../../src/testing/index.js';
import { noop } from '../../../../src/util/noop.js';

/** Members that a test adds to options that are right. */
type Extra = Record<string, unknown>;

/** One plain options object of the public API. */
export interface PlainOptions {
  /** The exported interfaces that describe it; none where the type is written in place. */
  readonly interfaces: readonly string[];
  /** A key of it, whose last letter is then left out. */
  readonly key: string;
  /** Passes the options, with what is added to them. */
  pass(extra: Extra): unknown;
}

const sfu = { serverUrl: '127.0.0.1:5551', probeOnStart: false };
const cluster = { mode: 'cluster', clusterNodes: ['127.0.0.1:5551'], probeOnStart: false };
const makeRelay = (options: Extra = {}) => new SfuRelay({ sfu, authenticate: anonymous(), ...options });
const secret = 's'.repeat(32);
const budget = { points: 200, durationMs: 1_000 };
const session = { roomId: 'lobby', userId: 'alice', sdp: 'v=0' };
const socket: RelaySocket = {
  protocol: '',
  bufferedAmount: 0,
  send() {},
  ping() {},
  close() {},
  terminate() {},
};

/** Has what a client of ioredis has, as far as nothing is asked of it. */
const redisClient = {
  ...Object.fromEntries(
    ['duplicate', 'publish', 'eval', 'evalsha', 'on', 'connect', 'disconnect'].map((name) => [name, noop]),
  ),
  listeners: () => [],
} as unknown as RedisClient;

/** A room without sessions: whatever is wrong with its options is said before anything happens. */
async function inRoom<Result>(
  act: (room: import('../../../../src/room/room.js').Room) => Result,
): Promise<Result> {
  const { Room } = await import('../../../../src/room/room.js');
  return act(new Room('lobby'));
}

/** Every plain options object of the server's side, by what it is. */
export const PLAIN_OPTIONS: Record<string, PlainOptions> = {
  'new SfuRelay()': { interfaces: ['SfuRelayOptions'], key: 'joinTimeoutMs', pass: makeRelay },
  sfu: {
    interfaces: ['SfuOptions', 'StandaloneSfuOptions', 'IonOptions'],
    key: 'connectTimeoutMs',
    pass: (extra) => makeRelay({ sfu: { ...sfu, ...extra } }),
  },
  'sfu of several nodes': {
    interfaces: ['ClusterSfuOptions'],
    key: 'loadBalanceMethod',
    pass: (extra) => makeRelay({ sfu: { ...cluster, ...extra } }),
  },
  'sfu.clusterNodes': {
    interfaces: ['SfuNodeOptions'],
    key: 'maxStreams',
    pass: (extra) => makeRelay({ sfu: { ...cluster, clusterNodes: [{ serverUrl: 'a:1', ...extra }] } }),
  },
  'sfu.tls': {
    interfaces: ['SfuTlsOptions'],
    key: 'serverName',
    pass: (extra) => makeRelay({ sfu: { ...sfu, tls: { serverName: 'sfu.example', ...extra } } }),
  },
  'dnsSrv()': {
    interfaces: ['DnsSrvOptions'],
    key: 'servers',
    pass: (extra) => dnsSrv('_grpc._tcp.sfu.example.com', extra),
  },
  limits: {
    interfaces: ['CountLimits'],
    key: 'maxRooms',
    pass: (extra) => makeRelay({ limits: { maxRooms: 1, ...extra } }),
  },
  resumption: {
    interfaces: ['ResumptionOptions'],
    key: 'graceMs',
    pass: (extra) => makeRelay({ resumption: { graceMs: 10_000, ...extra } }),
  },
  candidates: {
    interfaces: ['CandidatePolicy'],
    key: 'privateAddresses',
    pass: (extra) => makeRelay({ candidates: { mdns: 'drop', ...extra } }),
  },
  hookFailure: {
    interfaces: ['HookFailure'],
    key: 'onMessage',
    pass: (extra) => makeRelay({ hookFailure: { onJoin: 'pass', ...extra } }),
  },
  hooks: { interfaces: ['Hooks'], key: 'onMessage', pass: (extra) => makeRelay({ hooks: { ...extra } }) },
  'a kind of messages': {
    interfaces: ['MessageKind'],
    key: 'maxDataBytes',
    pass: (extra) => makeRelay({ messages: { note: { ...extra } } }),
  },
  'a history of messages': {
    interfaces: ['HistoryLimits'],
    key: 'maxMessages',
    pass: (extra) => makeRelay({ messages: { note: { history: { ...extra } } } }),
  },
  'a tally of messages': {
    interfaces: ['TallyOptions'],
    key: 'windowMs',
    pass: (extra) => makeRelay({ messages: { note: { tally: { ...extra } } } }),
  },
  'chat()': { interfaces: ['ChatOptions'], key: 'maxLength', pass: (extra) => chat({ ...extra }) },
  'gift()': { interfaces: ['GiftOptions'], key: 'maxDataBytes', pass: (extra) => gift({ ...extra }) },
  'like()': { interfaces: ['TallyOptions'], key: 'windowMs', pass: (extra) => like({ ...extra }) },
  'an entry of iceServers': {
    interfaces: ['IceServer'],
    key: 'credential',
    pass: (extra) => makeRelay({ iceServers: [{ urls: 'turn:turn.example.org', ...extra }] }),
  },
  'turnRest()': {
    interfaces: ['TurnRestOptions'],
    key: 'ttlMs',
    pass: (extra) => turnRest({ secret, uris: ['turn:turn.example.org'], ...extra }),
  },
  'rateLimits()': { interfaces: ['RateLimitsOptions'], key: 'keyPrefix', pass: (extra) => rateLimits(extra) },
  'a budget of rateLimits()': {
    interfaces: ['RateBudget'],
    key: 'durationMs',
    pass: (extra) => rateLimits({ user: { ...budget, ...extra } }),
  },
  'jwt()': { interfaces: ['JwtOptions'], key: 'audience', pass: (extra) => jwt({ secret, ...extra }) },
  'introspection()': {
    interfaces: ['IntrospectionOptions'],
    key: 'maxRequests',
    pass: (extra) =>
      introspection({
        endpoint: 'https://login.example.org/introspect',
        clientId: 'relay',
        clientSecret: secret,
        ...extra,
      }),
  },
  'collectMetrics()': {
    interfaces: ['MetricsOptions'],
    key: 'registry',
    pass: (extra) => collectMetrics(makeRelay(), { registry: new Registry(), ...extra }),
  },
  'redisBackplane()': {
    interfaces: ['RedisBackplaneOptions'],
    key: 'timeoutMs',
    pass: (extra) => redisBackplane({ client: redisClient, ...extra }),
  },
  'createRouter()': {
    interfaces: ['HttpOptions'],
    key: 'allowedOrigins',
    pass: (extra) => createRouter(makeRelay(), extra),
  },
  'createMiddleware()': {
    interfaces: ['HttpOptions'],
    key: 'orphanTimeoutMs',
    pass: (extra) => createMiddleware(makeRelay(), extra),
  },
  idempotency: {
    interfaces: ['IdempotencyOptions'],
    key: 'retentionMs',
    pass: (extra) => createHandler(makeRelay(), { idempotency: extra }),
  },
  'createHandler()': {
    interfaces: ['HttpOptions'],
    key: 'prefix',
    pass: (extra) => createHandler(makeRelay(), extra),
  },
  'useServer()': {
    interfaces: ['ConnectionOptions'],
    key: 'allowedOrigins',
    pass: async (extra) => {
      const { WebSocketServer } = await import('ws');
      useServer(makeRelay(), new WebSocketServer({ noServer: true }), extra);
    },
  },
  'makeBehavior()': {
    interfaces: ['ConnectionOptions'],
    key: 'heartbeatIntervalMs',
    pass: (extra) => makeBehavior(makeRelay(), extra),
  },
  'acceptConnection()': {
    interfaces: ['ConnectionOptions'],
    key: 'maxMessageBytes',
    pass: (extra) =>
      acceptConnection(
        makeRelay(),
        socket,
        { url: '/', headers: {}, remoteAddress: undefined },
        extra,
      ).closed(),
  },
  'relay.createSession()': {
    interfaces: ['CreateSessionParams'],
    key: 'autoSubscribe',
    pass: async (extra) => {
      const relay = makeRelay();
      // A relay that is closing joins nobody, and says so after it has looked at the params.
      await relay.close();
      return relay.createSession({ ...session, ...extra }).catch(closedIsFine);
    },
  },
  'the second argument of relay.createSession()': {
    interfaces: [],
    key: 'signal',
    pass: async (extra) => {
      const relay = makeRelay();
      await relay.close();
      return relay.createSession(session, extra).catch(closedIsFine);
    },
  },
  'relay.close()': {
    interfaces: ['CloseOptions'],
    key: 'timeoutMs',
    pass: (extra) => makeRelay().close(extra),
  },
  'relay.ban()': {
    interfaces: ['BanOptions'],
    key: 'durationMs',
    pass: (extra) => makeRelay().ban('lobby', 'bob', extra),
  },
  'room.ban()': {
    interfaces: ['BanOptions'],
    key: 'durationMs',
    pass: (extra) => inRoom((room) => room.ban('bob', extra)),
  },
  'room.kick()': {
    interfaces: [],
    key: 'reason',
    pass: (extra) => inRoom((room) => room.kick('bob', extra)),
  },
  'room.end()': { interfaces: [], key: 'reason', pass: (extra) => inRoom((room) => room.end(extra)) },
  'room.mute()': {
    interfaces: [],
    key: 'kind',
    pass: (extra) => inRoom((room) => room.mute({ userId: 'bob', ...extra })),
  },
  'room.unmute()': {
    interfaces: [],
    key: 'kind',
    pass: (extra) => inRoom((room) => room.unmute({ userId: 'bob', ...extra })),
  },
  'room.send()': {
    interfaces: ['OutgoingMessage'],
    key: 'data',
    pass: async (extra) => {
      const { Room } = await import('../../../../src/room/room.js');
      const { RoomMessages } = await import('../../../../src/messages/room-messages.js');
      const { resolveKinds } = await import('../../../../src/messages/message-kind.js');
      return new Room('lobby', new RoomMessages('lobby', { kinds: resolveKinds({ note: {} }) })).send({
        kind: 'note',
        data: {},
        ...extra,
      });
    },
  },
  'startScriptedSfu()': {
    interfaces: ['ScriptedSfuOptions'],
    key: 'keepLast',
    pass: async (extra) => (await startScriptedSfu(extra)).stop(),
  },
  'the script of startScriptedSfu()': {
    interfaces: ['Script'],
    key: 'onTrickle',
    pass: async (extra) => (await startScriptedSfu({ script: extra })).stop(),
  },
  'startDevSfu()': {
    interfaces: ['DevSfuOptions'],
    key: 'iceAddresses',
    pass: async (extra) => (await startDevSfu(extra)).stop(),
  },
  'sfu.waitFor()': {
    interfaces: [],
    key: 'timeoutMs',
    pass: async (extra) => {
      const scripted = await startScriptedSfu();
      await scripted.waitFor(() => true, extra).finally(() => scripted.stop());
    },
  },
  'moveRoom()': { interfaces: ['MoveRoomOptions'], key: 'deadlineMs', pass: readMove },
  'drainNode()': { interfaces: ['DrainNodeOptions'], key: 'deadlineMs', pass: (extra) => readDrain(extra) },
  'fakeOffer()': { interfaces: [], key: 'dataChannel', pass: (extra) => fakeOffer([], extra) },
};

function closedIsFine(error: unknown): void {
  if ((error as { code?: string }).code !== 'ERR_RELAY_CLOSED') throw error;
}

/** Options of the public API that the table does not have, and why. */
export const EXEMPT: Record<string, string> = {
  RelayErrorOptions: 'an ErrorOptions, whose further members JavaScript ignores',
  RequestOptions: 'the members that ConnectionOptions and HttpOptions share',
};
