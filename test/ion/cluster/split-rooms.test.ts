import { expect, test } from 'vitest';
import { memoryBackplane } from '../../../src/backplane/memory/memory-backplane.js';
import { SharedMemory } from '../../../src/backplane/memory/shared-memory.js';
import { encodeUid } from '../../../src/sfu/ion/uid.js';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';
import { deferred } from '../../../src/util/deferred.js';
import { IonPeer } from '../../support/ion-peer.js';
import { MediaPeers } from '../../support/media-peers.js';
import { type MakeMedia, mediaOf, noMedia } from '../../support/peer-media.js';
import { until } from '../../support/poll.js';
import { describeReal } from '../../support/real.js';
import { startRelay } from '../../support/relay-server.js';
import { RoomClient } from '../../support/room-client.js';
import { useCluster } from './cluster.js';

const ROOM = 'lobby';
const SOON = { intervalMs: 20 };
const BOTH = { camera: 'video', microphone: 'audio' } as const;

/** Each has the media of all the others who publish. */
const seeEachOther = (everybody: readonly RoomClient[]) =>
  until(
    'all see each other',
    () => {
      for (const client of everybody) {
        const others = everybody.filter((other) => other !== client);
        const missing = others
          .flatMap(({ trackIds }) => Object.values(trackIds))
          .filter((track) => !client.tracks.some((received) => received.includes(track)));
        if (missing.length > 0) throw new Error(`${client.user} does not see ${missing}`);
      }
      return true;
    },
    SOON,
  );

describeReal(['ion'], 'a room that Ion has twice', () => {
  const cluster = useCluster();

  /**
   * Another client of the same Ion takes the uid of a peer, and leaves: Ion forgets the room, which its peer stays in. Whoever joins
   * afterwards comes into another one.
   */
  async function split({ user, sessionId }: RoomClient): Promise<void> {
    const uid = encodeUid({ roomId: ROOM, userId: user, sessionId });
    const thief = new IonPeer(cluster.nodes[0]?.address ?? '');
    await thief.probe();
    thief.join(ROOM, uid, fakeOffer());
    await thief.take('join');
    thief.leave();
    await thief.ended;
    thief.close();
  }

  /** Two relays that share their rooms, in front of one Ion. */
  async function begin(mode: 'cluster' | 'standalone') {
    await cluster.startIons(1);
    const [address = ''] = cluster.ions.addresses;
    const peers = cluster.later(await MediaPeers.start(), (each) => each.stop());
    const memory = new SharedMemory();
    const called: string[] = [];
    const moves: unknown[] = [];
    const start = async () => {
      const server = await startRelay(mode === 'cluster' ? { mode, clusterNodes: [address] } : address, {
        backplane: memoryBackplane({ memory }),
        participantsIntervalMs: 20,
        hooks: { onLeave: () => void called.push('onLeave') },
      });
      server.relay.on('roommoved', (move) => moves.push(move));
      return cluster.later(server, (each) => each.close());
    };
    const servers = [await start(), await start()] as const;
    const join = (
      n: 0 | 1,
      room: string,
      user: string,
      entry: Partial<Parameters<typeof RoomClient.join>[0]>,
    ) => RoomClient.join({ url: servers[n].url, room, user, media: noMedia, ...entry });
    const media = mediaOf(peers);
    const splits = () => servers.map(({ relay }) => relay.counters.roomSplits.get('healed'));
    return { servers, address, media, join, called, moves, splits };
  }

  test('is placed anew: all see each other, and nobody is told of a leave', async () => {
    const { servers, address, media, join, called, moves, splits } = await begin('cluster');
    // Hears of everybody who sends, as every stream of the node does. The other relay has none yet.
    await join(0, 'elsewhere', 'bystander', {});
    const ear = cluster.later(new IonPeer(address), (each) => each.close());
    await ear.probe();
    ear.join('elsewhere', 'ear', fakeOffer());
    await ear.take('join');
    const early = await join(0, ROOM, 'early', { media, tracks: BOTH });
    expect((await ear.take('trackEvent')).uid).toContain(early.sessionId);

    await split(early);
    const late = await join(1, ROOM, 'late', { media, tracks: BOTH });
    const viewer = await join(1, ROOM, 'viewer', { media, role: 'subscriber' });
    const everybody = [early, late, viewer];
    await until('the first one is told of the others', () =>
      early
        .notifications('participants')
        .some(({ joined }) => JSON.stringify(joined ?? '').includes('viewer')),
    );
    called.length = 0;
    const told = everybody.map((each) => each.notifications('participants').length);
    await seeEachOther(everybody);

    expect(everybody.map(({ peer }) => peer)).toEqual([2, 2, 2]);
    expect(moves).toEqual([{ roomId: ROOM, from: address, to: address, generation: 2, reason: 'split' }]);
    expect(called).toEqual([]);
    for (const [n, each] of everybody.entries())
      for (const { joined, left } of each.notifications('participants').slice(told[n]))
        expect({ joined, left }).toEqual({});
    await until('the move is complete', () => splits().reduce((sum, count) => sum + count, 0) === 1);
    expect(servers.flatMap(({ relay }) => [...relay.sessions.values()]).length).toBe(4);
  });

  test('is found when somebody begins to send whom the others do not get; ordinary rooms are left alone', async () => {
    const { servers, media, join, moves } = await begin('standalone');
    const ordinary = await populate(join, media, servers[0].relay);
    const camera = deferred();
    const later: MakeMedia = async (...given) => {
      const made = await media(...given);
      return { ...made, connect: (answer) => void camera.promise.then(() => made.connect(answer)) };
    };
    const silent = await join(0, ROOM, 'silent', { media: later, tracks: BOTH });
    await split(silent);
    const others = [
      await join(1, ROOM, 'one', { media, tracks: BOTH }),
      await join(1, ROOM, 'other', { media }),
    ];
    await seeEachOther(others);
    camera.resolve();
    await seeEachOther([silent, ...others]);

    expect(moves).toEqual([expect.objectContaining({ roomId: ROOM, reason: 'split' })]);
    await ordinary.arrives();
    for (const { relay } of servers) expect(relay.rooms.get('ordinary')?.log.state.generation).toBe(0);
  });

  /** A room in which much is not seen, for good reasons. */
  async function populate(
    join: Awaited<ReturnType<typeof begin>>['join'],
    media: MakeMedia,
    relay: Awaited<ReturnType<typeof begin>>['servers'][0]['relay'],
  ) {
    const refusing: MakeMedia = async (tracks, listener) => ({
      ...(await noMedia(tracks, listener)),
      offer: (sdp) => listener.answer(fakeAnswer(sdp).replaceAll(/^m=(audio|video) 9 /gm, 'm=$1 0 ')),
    });
    const simulcast: MakeMedia = (tracks, listener) =>
      media(
        tracks.map((track) => ({ ...track, layers: track.kind === 'video' ? ['f', 'h', 'q'] : [] })),
        listener,
      );
    const room = 'ordinary';
    await join(1, room, 'refuses', { media: refusing });
    const watches = await join(0, room, 'watches', { media });
    await join(0, room, 'talks', { media, tracks: { microphone: 'audio' } });
    await join(1, room, 'layers', { media: simulcast, tracks: BOTH });
    // Camera and microphone are off.
    await join(0, room, 'quiet', { tracks: BOTH });
    const muted = await join(0, room, 'muted', { media, tracks: BOTH });
    await until(
      'the media of all comes',
      () => {
        if (watches.tracks.length < 4) throw new Error(`only ${watches.tracks}`);
        return true;
      },
      SOON,
    );
    await relay.rooms.get(room)?.mute({ userId: 'muted' });
    await join(1, room, 'comes late', { media });
    await relay.rooms.get(room)?.unmute({ userId: 'muted' });
    return {
      async arrives() {
        const last = await join(0, room, 'comes last', { media });
        await until('it sees the others', () => last.tracks.length >= 3, SOON);
        expect(muted.peer).toBe(1);
      },
    };
  }
});
