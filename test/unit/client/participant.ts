import { connect, type RelayClient } from '../../../src/client/index.js';
import type { JoinResult, Participant, Track } from '../../../src/protocol/messages.js';
import { FakePeer, FakeSocket, newest } from './fake-browser.js';

export const track = (trackId: string, streamId = 's1'): Track => ({
  trackId,
  streamId,
  kind: 'video',
  layers: [],
  muted: false,
});

export const participant = (sessionId: string, ...tracks: Track[]): Participant => ({
  sessionId,
  userId: `user of ${sessionId}`,
  role: 'publisher',
  tracks,
});

export function joinResult(overrides: Partial<JoinResult> = {}): JoinResult {
  return {
    type: 'answer',
    sdp: 'v=0\r\n',
    sessionId: 'mine',
    capabilities: ['rejoin'],
    peer: 1,
    roomId: 'lobby',
    userId: 'me',
    role: 'publisher',
    grants: {},
    muted: [],
    locked: false,
    participants: [],
    audience: { count: 0 },
    listed: true,
    revision: 1,
    iceServers: [],
    maxMessageBytes: 262_144,
    messages: [],
    ...overrides,
  };
}

export interface Connected {
  client: RelayClient;
  socket: FakeSocket;
  /** What the client emitted, by name. */
  heard: { name: string; args: unknown[] }[];
  of(name: string): unknown[];
}

/** A client whose relay answers every request. */
export async function connected(options: Parameters<typeof connect>[1] = {}): Promise<Connected> {
  const connecting = connect('ws://relay.test/rtc', { statsIntervalMs: 0, ...options });
  const socket = newest(FakeSocket.all);
  socket.results = {
    join: () => joinResult(),
    offer: () => ({ type: 'answer', sdp: 'v=0\r\n' }),
    leave: () => ({}),
    subscribe: () => ({}),
    update: () => ({}),
    moderate: () => ({}),
    ping: () => ({}),
  };
  socket.open();
  const client = await connecting;
  const heard: Connected['heard'] = [];
  const names = [
    'state',
    'participants',
    'audience',
    'page',
    'tracks',
    'track',
    'trackended',
    'speakers',
    'stats',
    'expiring',
    'goaway',
    'grants',
    'mute',
    'room',
    'interrupted',
    'error',
    'close',
  ];
  for (const name of names as 'state'[]) client.on(name, (...args) => heard.push({ name, args }));
  return {
    client,
    socket,
    heard,
    of: (name) => heard.filter((each) => each.name === name).map(({ args }) => args[0]),
  };
}

export interface Joined extends Connected {
  publisher: FakePeer;
  subscriber: FakePeer;
}

export async function joined(
  result: Partial<JoinResult> = {},
  options: Parameters<typeof connect>[1] = {},
): Promise<Joined> {
  const base = await connected(options);
  base.socket.results.join = () => joinResult(result);
  await base.client.join({ roomId: 'lobby' });
  const [publisher, subscriber] = FakePeer.all.slice(-2);
  if (!publisher || !subscriber) throw new Error('there are no peer connections');
  return { ...base, publisher, subscriber };
}
