import { vi } from 'vitest';
import { connect, type RelayClient } from '../../../src/client/index.js';
import { FakePeer } from './fake-browser.js';
import { FakeRelay } from './fake-relay.js';

export interface Resumable {
  client: RelayClient;
  relay: FakeRelay;
  publisher: FakePeer;
  subscriber: FakePeer;
  /** What the client emitted, by name. */
  heard: { name: string; args: unknown[] }[];
  of(name: string): unknown[];
}

export const settle = () => vi.advanceTimersByTimeAsync(0);
export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
export const openPeers = () => FakePeer.all.filter(({ isClosed }) => !isClosed);

/** A client that is not connected yet, of a relay that can resume. For fake timers. */
export async function connectedTo(
  relay: FakeRelay,
  options: Parameters<typeof connect>[1] = {},
): Promise<Omit<Resumable, 'publisher' | 'subscriber'>> {
  const connecting = connect('ws://relay.test/rtc', { statsIntervalMs: 0, ...options });
  await settle();
  const client = await connecting;
  const heard: Resumable['heard'] = [];
  const names = [
    ...['state', 'connection', 'participants', 'audience', 'tracks', 'track', 'trackended', 'grants', 'mute'],
    ...['room', 'chat', 'interrupted', 'error', 'close'],
  ];
  for (const name of names as 'state'[]) client.on(name, (...args) => heard.push({ name, args }));
  const of = (name: string) => heard.filter((each) => each.name === name).map(({ args }) => args[0]);
  return { client, relay, heard, of };
}

/** A client in a room of a relay that can resume, with nothing heard yet. */
export async function resumable(
  options: Parameters<typeof connect>[1] = {},
  relay = new FakeRelay(),
): Promise<Resumable> {
  const base = await connectedTo(relay, options);
  const joining = base.client.join({ roomId: 'lobby' });
  await settle();
  await joining;
  const [publisher, subscriber] = FakePeer.all.slice(-2);
  if (!publisher || !subscriber) throw new Error('there are no peer connections');
  publisher.become('connected');
  base.heard.length = 0;
  return { ...base, publisher, subscriber };
}
