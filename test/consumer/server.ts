import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import {
  anonymous,
  chat,
  parseSfuConfig,
  RelayError,
  type Session,
  type SfuConfig,
  SfuRelay,
  type SfuRelayOptions,
} from 'sfu-relay';
import { cookie, introspection, jwt } from 'sfu-relay/auth';
import { rateLimits } from 'sfu-relay/limits';
import { collectMetrics, type MetricsOptions } from 'sfu-relay/metrics';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from 'sfu-relay/testing';
import { useServer } from 'sfu-relay/ws';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';

interface Member {
  userId: string;
  membership: 'gold' | 'silver';
}

// @ts-expect-error authenticate is required: nobody gets an open relay by leaving it out.
const incomplete: SfuRelayOptions = { sfu: { serverUrl: 'localhost:5551' } };
void incomplete;

const byToken = jwt({
  secret: 'x'.repeat(32),
  mapClaims: ({ sub }): Member => ({ userId: String(sub), membership: 'gold' }),
});
const byServer: SfuRelayOptions['authenticate'] = introspection({
  endpoint: 'https://login.example.org/introspect',
  clientId: 'relay',
  clientSecret: 'secret',
  getToken: cookie('session'),
});
void byServer;

const kinds = { chat: chat(), poll: { schema: z.object({ question: z.string() }) } };
const typed: SfuRelayOptions<Member, typeof kinds>['hooks'] = {
  onMessage({ kind, data }) {
    if (kind === 'poll') return { question: data.question.trim() };
    // @ts-expect-error chat has no question.
    return data.question;
  },
};
void typed;

const asked: SfuRelayOptions<Member>['hooks'] = {
  onConnect: ({ request }) => ({ token: request.headers.cookie }),
  async onJoin({ principal }) {
    if (principal?.membership !== 'gold') throw new RelayError('ERR_RELAY_FORBIDDEN', 'Gold only.');
  },
  onSignal: ({ method, params }) => (method === 'offer' ? { ...params, sdp: params.sdp } : undefined),
  onReply: async ({ method, params }) => method === 'trickle' && params.target === 1 && params,
  onMessage: ({ data }) => data,
};
void asked;

async function main(): Promise<void> {
  const sfu: ScriptedSfu = await startScriptedSfu();
  const config: SfuConfig = parseSfuConfig(`sfu:\n  enabled: true\n  server_url: ${sfu.address}\n`);

  const open = new SfuRelay({
    sfu: config,
    authenticate: anonymous(),
    rateLimiter: rateLimits(),
    limits: { maxRooms: 100 },
  });
  const session = await open.createSession({
    roomId: 'lobby',
    userId: '789',
    role: 'publisher',
    sdp: fakeOffer(),
  });
  const answered: string | undefined = session.answer?.type;
  const options: MetricsOptions = { registry: new Registry(), labels: { relay: 'open' } };
  const collection = collectMetrics(open, options);
  const scraped = await options.registry?.getSingleMetricAsString('sfu_relay_rooms');
  collection.stop();
  const joins: number = open.counters.joins.get('ok');
  await open.close();

  const secured: SfuRelayOptions<Member> = { sfu: config, authenticate: byToken };
  const refusal: unknown = await Promise.resolve(
    secured.authenticate({ url: '/', headers: {}, remoteAddress: undefined, token: 'x' }),
  ).catch((error) => error);
  const invalid = refusal instanceof RelayError ? refusal.code : String(refusal);

  const members = new SfuRelay<Member>({
    sfu: config,
    authenticate: async ({ token }) => {
      if (token !== 'secret') throw new RelayError('ERR_RELAY_FORBIDDEN', 'Members only.');
      return { userId: '789', membership: 'gold' };
    },
  });
  const memberOf = (joined: Session<Member>): Member['membership'] | undefined =>
    joined.principal?.membership;
  void memberOf;

  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new WebSocketServer({ server });
  useServer(members, sockets);
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const stranger = new WebSocket(url, ['sfu-relay.v1', 'bearer.wrong']);
  const [refused] = await once(stranger, 'close');
  const member = new WebSocket(url, ['sfu-relay.v1', 'bearer.secret']);
  await once(member, 'open');
  member.send(
    JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'join',
      params: { sid: 'lobby', offer: { type: 'offer', sdp: fakeOffer() } },
    }),
  );
  const [message] = await once(member, 'message');
  const { result } = JSON.parse(String(message));

  await members.close();
  sockets.close();
  server.close();
  await sfu.stop();
  process.stdout.write(
    JSON.stringify({
      answered,
      invalid,
      joins,
      refused,
      rooms: scraped?.split('\n').at(-1),
      userId: result?.userId,
    }),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exitCode = 1;
});
