import { fakeAnswer, fakeOffer } from '../../src/testing/index.js';
import { overWebSocket } from '../contract/client-socket.js';
import type { ClientConnection } from '../support/client-connection.js';
import { ResumableClient } from '../support/resumable-client.js';
import { HttpCall, moment, SocketClient, type World } from './world.js';

/** A client from its first byte to its last. */
type Life = (world: World) => Promise<void>;

const CANDIDATE = { candidate: 'candidate:1 1 udp 2130706431 127.0.0.1 9 typ host', sdpMid: '0' };
const USERS = 12;
const ROOMS = 5;
let lives = 0;

const userOf = ({ random }: World) => `user-${random.below(USERS)}`;
const roomOf = ({ random }: World) => `room-${random.below(ROOMS)}`;

/** A token names its user; one in ten ends soon. */
function tokenOf({ random }: World, user: string): string {
  return random.chance(0.1) ? `${user}.${100 + random.below(400)}` : user;
}

function joinOf(world: World) {
  lives += 1;
  const track = { kind: 'video', streamId: `s${lives}`, trackId: `t${lives}` } as const;
  const sdp = world.random.chance(0.5) ? fakeOffer([track]) : fakeOffer();
  return { sid: roomOf(world), offer: { type: 'offer', sdp } };
}

/** What a client may do by its WebSocket. Each waits for the answer, or for a moment, or for nothing. */
const STEPS: readonly ((client: SocketClient, world: World, user: string) => Promise<unknown> | undefined)[] =
  [
    (client, world) => client.request('join', joinOf(world)),
    (client, world) => client.request('join', joinOf(world)),
    (client) => client.request('leave'),
    // A change of room.
    (client, world) => {
      void client.request('leave');
      return client.request('join', joinOf(world));
    },
    (client, world) => {
      void client.request('join', joinOf(world));
      void client.request('leave');
      void client.request('join', joinOf(world));
      return client.request('leave');
    },
    (client) => client.request('join', { sid: 5 }),
    (client, world, user) => client.request('authenticate', { token: tokenOf(world, user) }),
    (client) => {
      client.notify('trickle', { target: 0, candidate: CANDIDATE });
      return undefined;
    },
    (client) => client.request('offer', { desc: { type: 'offer', sdp: fakeOffer() } }),
    (client) => client.request('message', { kind: 'chat', data: { text: 'hello' } }),
    (client) => client.request('ping'),
  ];

async function actBySocket(client: SocketClient, world: World, user: string): Promise<void> {
  const { random } = world;
  if (random.chance(0.8))
    client.onOffer(({ sdp }) => client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(sdp) } }));
  for (let steps = random.below(8); steps > 0 && client.isOpen; steps -= 1) {
    const answered = random.pick(STEPS)(client, world, user);
    if (random.chance(0.5)) await answered;
    await moment(world);
  }
}

/** Joins, changes rooms, renews its token, leaves; and vanishes anywhere in it. */
const bySocket: Life = async (world) => {
  const user = userOf(world);
  const client = await SocketClient.open(world, world.random.chance(0.8) ? tokenOf(world, user) : undefined);
  if (!client) return;
  world.count('WebSockets');
  await actBySocket(client, world, user);
  await client.end(world);
};

function create(world: World, user: string): { call: HttpCall; id: string } {
  world.count('sessions asked for over HTTP');
  lives += 1;
  const id = `http-${lives}`;
  const { sid, offer } = joinOf(world);
  const body = { session_id: id, room_id: sid, sdp: offer.sdp };
  return { call: new HttpCall(world, 'POST', '/session', tokenOf(world, user), body), id };
}

/** Asks for a session over HTTP, uses it by requests and events, and goes anywhere in it. */
const byHttp: Life = async (world) => {
  const { random } = world;
  const user = userOf(world);
  const { call, id } = create(world, user);
  if (random.chance(0.3)) {
    await moment(world, 60);
    call.cut();
    return;
  }
  await call.answered;
  const calls: HttpCall[] = [];
  for (let steps = random.below(6); steps > 0; steps -= 1) {
    const signal = (method: string, params: object) =>
      new HttpCall(world, 'POST', `/session/${id}/signal`, user, { jsonrpc: '2.0', id: 1, method, params });
    const next = random.pick([
      () => new HttpCall(world, 'GET', `/session/${id}/events`, user),
      () => new HttpCall(world, 'HEAD', `/session/${id}/events`, user),
      () => new HttpCall(world, 'GET', `/session/${id}/stats`, tokenOf(world, user)),
      () => signal('trickle', { target: 0, candidate: CANDIDATE }),
      () => signal('offer', { desc: { type: 'offer', sdp: fakeOffer() } }),
      () => signal('authenticate', { token: tokenOf(world, user) }),
      () => signal('leave', {}),
      () => signal('join', joinOf(world)),
      () => new HttpCall(world, 'DELETE', `/session/${id}`, user),
    ])();
    calls.push(next);
    await moment(world, 50);
    if (random.chance(0.3)) next.cut();
  }
  for (const each of calls) each.cut();
};

/** Asks for a session over HTTP, and takes it over by WebSockets, maybe before it is answered. */
const byBoth: Life = async (world) => {
  const { random } = world;
  const user = userOf(world);
  const { call, id } = create(world, user);
  if (random.chance(0.7)) await call.answered;
  const events = random.chance(0.4) ? new HttpCall(world, 'GET', `/session/${id}/events`, user) : undefined;
  const takeOver = async () => {
    const client = await SocketClient.open(world, user);
    if (!client) return;
    world.count('WebSockets');
    await moment(world);
    void client.request('attach', { sessionId: id });
    await moment(world, 60);
    if (random.chance(0.5)) await actBySocket(client, world, user);
    await client.end(world);
  };
  await Promise.all(Array.from({ length: 1 + random.below(3) }, takeOver));
  events?.cut();
  call.cut();
};

/** Loses its connection, or takes it for lost, and resumes its session on another one; or is gone for good. */
const byResumption: Life = async (world) => {
  const { random, origin } = world;
  const protocols = ['sfu-relay.v1', `bearer.${tokenOf(world, userOf(world))}`];
  const client = new ResumableClient(() => overWebSocket(`ws://${origin}/rtc`)(protocols, {}, ''));
  const connections: ClientConnection[] = [];
  const connect = async () => {
    connections.push(await client.connect());
    world.count('WebSockets');
  };
  try {
    await connect();
    const joined = client.join(joinOf(world));
    if (random.chance(0.8)) await Promise.race([joined, client.connection.socket.closed]);
    for (let losses = 1 + random.below(4); losses > 0; losses -= 1) {
      await moment(world, 60);
      if (random.chance(0.5)) void client.request('message', { kind: 'chat', data: { text: 'hello' } });
      if (random.chance(0.6)) client.connection.socket.terminate();
      await moment(world, 60);
      if (!client.session) break;
      await connect();
      const resumed = client.resume();
      resumed.catch(() => {});
      if (random.chance(0.7) && (await resumed).result) world.count('resumptions');
    }
  } catch {
    // It was closed: its token has ended.
  }
  client.dispose();
  for (const { socket } of connections) socket.terminate();
};

export const LIVES: readonly Life[] = [bySocket, bySocket, bySocket, byResumption, byHttp, byHttp, byBoth];
