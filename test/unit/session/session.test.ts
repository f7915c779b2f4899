import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous, type Logger, type Session, SfuRelay } from '../../../src/index.js';
import {
  fakeAnswer,
  fakeCandidate,
  fakeOffer,
  type ScriptedSfu,
  startScriptedSfu,
} from '../../../src/testing/index.js';
import { passTime, resetClocks } from '../../support/clock.js';
import { until } from '../../support/poll.js';

let sfu: ScriptedSfu;
let relay: SfuRelay;
const errors: string[] = [];
const logger: Logger = { debug() {}, info() {}, warn() {}, error: (_, message) => void errors.push(message) };

beforeEach(async () => {
  errors.length = 0;
  sfu = await startScriptedSfu();
  relay = new SfuRelay({
    sfu: { serverUrl: sfu.address },
    authenticate: anonymous(),

    logger,
  });
});

afterEach(async () => {
  await relay.close();
  await sfu.stop();
});

const join = (overrides: object = {}): Promise<Session> =>
  relay.createSession({ sessionId: 's1', roomId: 'r', userId: 'u', sdp: fakeOffer(), ...overrides });

/** Everything that a session says of its negotiation from now on. */
function record(session: Session): string[] {
  const heard: string[] = [];
  session.on('candidate', ({ target }) => heard.push(`candidate ${target}`));
  session.on('offer', () => heard.push('offer'));
  return heard;
}

describe('the negotiation', () => {
  test('waits for its first listeners, and comes in order: offer before its candidates', async () => {
    const session = await join();
    await sfu.waitFor(() => sfu.stream('r/u/s1')?.offerPending);
    await relay.healthCheck();
    const heard = record(session);
    await until('all is heard', () => heard.length === 3);
    expect(heard).toEqual(['candidate 0', 'offer', 'candidate 1']);
  });

  test('keeps a bounded number of candidates for them, and the offer among them', async () => {
    const { onJoin } = sfu.script;
    sfu.script.onJoin = async (stream, request) => {
      await onJoin(stream, request);
      for (let n = 0; n < 500; n += 1)
        stream.send({ $case: 'trickle', value: { target: 1, init: fakeCandidate() } });
    };
    const session = await join();
    // Its answer comes behind all of them.
    await session.offer({ type: 'offer', sdp: fakeOffer() });
    const heard = record(session);
    await until('the offer is heard', () => heard.includes('offer'));
    expect(heard.length).toBeLessThan(70);
  });

  test('malformed candidates of the SFU are dropped, the next ones come', async () => {
    const session = await join();
    const heard = record(session);
    await until('the first offer is heard', () => heard.includes('candidate 1'));
    const stream = sfu.stream('r/u/s1');
    stream?.send({ $case: 'trickle', value: { target: 1, init: 'nonsense' } });
    stream?.send({ $case: 'trickle', value: { target: 0, init: fakeCandidate() } });
    await until('the next one is heard', () => heard.length === 4);
    expect(heard.at(-1)).toBe('candidate 0');
  });

  test('an offer of the SFU that is not answered in time ends the session, with advice', async () => {
    const strict = new SfuRelay({
      sfu: { serverUrl: sfu.address },
      authenticate: anonymous(),
      answerTimeoutMs: 60,
    });
    const session = await strict.createSession({ roomId: 'r', userId: 'u', sdp: fakeOffer() });
    const closed = new Promise((resolve) => session.on('close', resolve));
    session.on('offer', () => {});
    expect(await closed).toMatchObject({
      by: 'relay',
      error: { code: 'ERR_RELAY_CLIENT_TIMEOUT', message: expect.stringContaining('join afresh') },
    });
    await strict.close();
  });

  test('an answered one does not', async () => {
    const session = await join();
    session.on('offer', (offer) => session.answerOffer({ type: 'answer', sdp: fakeAnswer(offer.sdp) }));
    const stream = await sfu.waitFor(() => sfu.stream('r/u/s1'));
    await sfu.waitFor(() => stream.requests('description').length === 1);
    stream.send({
      $case: 'description',
      value: { target: 1, type: 'offer', sdp: fakeOffer(), trackInfos: [] },
    });
    await sfu.waitFor(() => stream.requests('description').length === 2);
    expect(session.state).toBe('joined');
  });

  test('one offer is with the SFU, one waits; a newer one takes its place', async () => {
    const session = await join();
    const offers = Array.from({ length: 4 }, () => session.offer({ type: 'offer', sdp: fakeOffer() }));
    const results = await Promise.allSettled(offers);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'ERR_RELAY_INVALID_STATE' } });
    expect((await session.offer({ type: 'offer', sdp: fakeOffer() })).type).toBe('answer');
  });

  test('an ICE restart waits until the SFU has gathered: Ion ends the session otherwise', async () => {
    const session = await join();
    const stream = await sfu.waitFor(() => sfu.stream('r/u/s1'));
    const restarted = session.offer({ type: 'offer', sdp: fakeOffer([], { iceGeneration: 1 }) });
    await relay.healthCheck();
    expect(stream.requests('description')).toEqual([]);
    expect((await restarted).type).toBe('answer');
    expect(stream.requests('description')).toHaveLength(1);
  });

  test('candidates of an ICE restart come after its offer: Ion would lose them, and media by TURN with them', async () => {
    const session = await join();
    const stream = await sfu.waitFor(() => sfu.stream('r/u/s1'));
    const come: string[] = [];
    const { onDescription, onTrickle } = sfu.script;
    sfu.script.onDescription = (...args) => {
      come.push('offer');
      return onDescription(...args);
    };
    sfu.script.onTrickle = (...args) => {
      come.push('candidate');
      return onTrickle(...args);
    };
    const restarted = session.offer({ type: 'offer', sdp: fakeOffer([], { iceGeneration: 1 }) });
    const candidate = { candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host', sdpMid: '0' };
    session.addIceCandidate({ target: 0, candidate });
    await restarted;
    await sfu.waitFor(() => come.length === 2);
    expect(come).toEqual(['offer', 'candidate']);
    expect(stream.requests('trickle')).not.toEqual([]);
  });

  test('an offer that the SFU does not answer ends the session', async () => {
    sfu.script.onDescription = () => {};
    const hasty = new SfuRelay({
      sfu: { serverUrl: sfu.address },
      authenticate: anonymous(),
      joinTimeoutMs: 1_000,
    });
    const session = await hasty.createSession({ roomId: 'r', userId: 'u', sdp: fakeOffer() });
    const offer = session.offer({ type: 'offer', sdp: fakeOffer() });
    await expect(offer).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_TIMEOUT' });
    await until('the session is gone', () => hasty.sessions.size === 0);
    await hasty.close();
  });

  describe('ids that another participant has', () => {
    const video = { kind: 'video', streamId: 's', trackId: 't' } as const;
    const sent = (stream: { requests(kind: 'description'): { sdp: string }[] }) =>
      stream.requests('description').map(({ sdp }) => /^a=msid:.*/m.exec(sdp)?.[0]);

    test('get a number in the room and on the SFU, where they stay the same as long as the session lasts', async () => {
      const first = await join({ sdp: fakeOffer([video]) });
      const second = await join({ sessionId: 's2', userId: 'second' });
      const stream = await sfu.waitFor(() => sfu.stream('r/second/s2'));
      await second.offer({ type: 'offer', sdp: fakeOffer([video]) });
      await second.offer({ type: 'offer', sdp: fakeOffer([{ ...video, trackId: 'mine' }]) });
      await first.close();
      await second.offer({ type: 'offer', sdp: fakeOffer([video]) });
      expect(sent(stream)).toEqual(['a=msid:s~2 t~2', 'a=msid:s~2 mine', 'a=msid:s~2 t~2']);
      expect(second.tracks).toMatchObject([{ streamId: 's~2', trackId: 't~2' }]);
    });

    test('are told apart in two joins at once', async () => {
      await Promise.all(['s1', 's2', 's3'].map((sessionId) => join({ sessionId, sdp: fakeOffer([video]) })));
      const { participants } = relay.rooms.get('r') ?? {};
      const tracks = participants?.flatMap((each) => each.tracks.map(({ trackId }) => trackId));
      expect(tracks?.sort()).toEqual(['t', 't~2', 't~3']);
    });

    test('are free again when their session has ended, or its join has failed', async () => {
      const { onJoin } = sfu.script;
      sfu.script.onJoin = () => {};
      const failed = relay.createSession(
        { roomId: 'r', userId: 'u', sdp: fakeOffer([video]) },
        { signal: AbortSignal.timeout(200) },
      );
      await expect(failed).rejects.toThrow();
      sfu.script.onJoin = onJoin;
      await (await join({ sdp: fakeOffer([video]) })).close();
      expect((await join({ sdp: fakeOffer([video]) })).tracks).toMatchObject([
        { streamId: 's', trackId: 't' },
      ]);
    });

    test('are those by which its client goes on to name its tracks', async () => {
      await join({ sdp: fakeOffer([video]) });
      const second = await join({ sessionId: 's2', userId: 'second', sdp: fakeOffer([video]) });
      second.update({ tracks: [{ trackId: 't', muted: true }] });
      expect(second.tracks).toMatchObject([{ trackId: 't~2', muted: true }]);
      const mutes: object[] = [];
      second.on('mute', (mute) => mutes.push(mute));
      await relay.rooms.get('r')?.mute({ trackId: 't~2' });
      expect(mutes).toEqual([{ trackId: 't', muted: true }]);
      expect(second.cutTracks).toEqual(['t']);
    });
  });
});

describe('what a client may pile up on the SFU', () => {
  const candidate = (port: number) => ({
    target: 0 as const,
    candidate: { candidate: `candidate:1 1 udp 1 127.0.0.1 ${port} typ host` },
  });

  test('is 128 different candidates a connection; the same again costs nothing, an ICE restart starts anew', async () => {
    const session = await join();
    for (let port = 1; port <= 128; port += 1) session.addIceCandidate(candidate(port));
    session.addIceCandidate(candidate(1));
    session.addIceCandidate(candidate(129));
    session.addIceCandidate({ ...candidate(129), target: 1 });
    await session.offer({ type: 'offer', sdp: fakeOffer([], { iceGeneration: 1 }) });
    session.addIceCandidate(candidate(129));
    const stream = await sfu.waitFor(() => sfu.stream('r/u/s1'));
    const told = () => stream.requests('trickle').filter(({ init }) => init.includes('candidate'));
    await sfu.waitFor(() => told().length >= 131);
    expect(told()).toHaveLength(131);
    expect(relay.counters.surplusCandidates.value).toBe(1);
  });

  test('is 256 sections in a session', async () => {
    const session = await join();
    const offer = (n: number) =>
      session.offer({ type: 'offer', sdp: fakeOffer().replaceAll(/(mid:|BUNDLE )0/g, `$1m${n}`) });
    for (let n = 1; n <= 255; n += 1) await offer(n);
    await expect(offer(256)).rejects.toMatchObject({ code: 'ERR_RELAY_REJOIN' });
  });
});

describe('a subscription to a simulcast layer', () => {
  test('is taken while ICE cannot have failed, and refused later: Ion might not survive it', async () => {
    const sdp = fakeOffer([{ kind: 'video', streamId: 's', trackId: 't', layers: ['q', 'h', 'f'] }]);
    await join({ sdp });
    const viewer = await join({ sessionId: 's2', autoSubscribe: false });
    const subscription = [{ trackId: 't', subscribe: true, layer: 'f' }];
    await viewer.subscribe(subscription);
    passTime(20_000);
    await expect(viewer.subscribe(subscription)).rejects.toMatchObject({ code: 'ERR_RELAY_INVALID_STATE' });
    await viewer.subscribe([{ trackId: 't', subscribe: false }]);
    resetClocks();
    expect(sfu.stream('r/u/s2')?.requests('subscription')).toHaveLength(2);
  });
});

describe('an SFU that takes nothing more', () => {
  test('ends the session instead of filling the memory', async () => {
    const session = await join();
    const stream = await sfu.waitFor(() => sfu.stream('r/u/s1'));
    stream.pause();
    const pad = { candidate: `candidate:1 1 udp 1 127.0.0.1 9 typ host ufrag ${'x'.repeat(900)}` };
    const flood = () => {
      for (let n = 0; n < 5_000; n += 1) session.addIceCandidate({ target: 0, candidate: pad });
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'ERR_RELAY_TOO_MANY' }));
    expect(session.state).not.toBe('joined');
  });
});

describe('a listener', () => {
  test('that throws or rejects is logged, and the next one hears', async () => {
    const session = await join();
    const heard: string[] = [];
    session.on('close', () => {
      throw new Error('no');
    });
    session.on('close', async () => {
      throw new Error('no');
    });
    session.on('close', ({ by }) => heard.push(by));
    await session.close();
    expect(heard).toEqual(['application']);
    await until('both are logged', () => errors.length === 2);
  });

  test('that was taken off hears nothing, once() ones hear one event', async () => {
    const session = await join();
    const heard: string[] = [];
    const off = () => heard.push('off');
    session.on('stats', off);
    session.once('stats', () => heard.push('once'));
    const stop = session.on('stats', off);
    session.off('stats', off);
    stop();
    session.reportStats([]);
    session.reportStats([]);
    expect(heard).toEqual(['once']);
  });
});
