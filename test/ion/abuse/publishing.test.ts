import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { Bystander } from '../../fuzz/bystander.js';
import { until } from '../../support/poll.js';
import { asDataChannel, asReceiver, Smuggler } from './smuggler.js';
import { answerFirstOffer, describeAbuse, expectRefused, joinParams, ROOM } from './stand.js';

const audio = { kind: 'audio', streamId: 'mine', trackId: 'microphone' } as const;
const video = { kind: 'video', streamId: 'mine', trackId: 'camera' } as const;
const sending = fakeOffer([video]);
const withDirection = (lines: string) => sending.replace('a=sendonly\r\n', lines);

const FORBIDDEN = 'ERR_RELAY_FORBIDDEN';
const offerOf = (sdp: string) => ({ type: 'offer', sdp });

describeAbuse('a client publishes nothing that it may not', (stand) => {
  const asViewer = (sdp: string) => joinParams({ role: 'subscriber', offer: offerOf(sdp) });

  describe('a viewer that offers', () => {
    test.each<[string, string]>([
      ['to send', sending],
      ['to send and receive', withDirection('a=sendrecv\r\n')],
      ['a section without a direction', withDirection('')],
      ['its direction for all sections', withDirection('').replace('t=0 0', 't=0 0\r\na=recvonly')],
      ['to receive, in upper case', withDirection('a=RECVONLY\r\n')],
      ['to receive, and a space', withDirection('a=recvonly \r\n')],
      ['to receive, after a space', withDirection('a= recvonly\r\n')],
      ['to receive, and a value', withDirection('a=recvonly:x\r\n')],
      ['to receive and to send', withDirection('a=recvonly\r\na=sendonly\r\n')],
      ['to receive twice', withDirection('a=recvonly\r\na=recvonly\r\n')],
      ['to send from port 0', sending.replace('m=video 9', 'm=video 0')],
      ['to send in its second section', fakeOffer([{ ...audio, direction: 'recvonly' }, video])],
    ])('%s is refused, in its join and later', async (_, sdp) => {
      const client = await stand.offender();
      expectRefused(await client.request('join', asViewer(sdp)), FORBIDDEN, /section [01] \(video\).*sends/);
      expect(await client.request('join', asViewer(fakeOffer()))).toHaveProperty('result.role', 'subscriber');
      const later = await client.request('offer', { desc: offerOf(sdp) });
      expectRefused(later, FORBIDDEN, /section [01] \(video\).*sends/);
    });

    test.each<[string, 'recvonly' | 'inactive']>([
      ['to receive', 'recvonly'],
      ['an inactive section', 'inactive'],
    ])('%s is welcome, with a data channel and without', async (_, direction) => {
      for (const dataChannel of [true, false]) {
        const sdp = fakeOffer([{ ...video, direction }], { dataChannel });
        const client = await stand.joined({ role: 'subscriber', offer: offerOf(sdp) });
        await answerFirstOffer(client);
        expect(await client.request('offer', { desc: offerOf(sdp) })).toHaveProperty('result.type', 'answer');
      }
    });
  });

  test.each([
    ['a data channel', asDataChannel, true],
    ['a section that receives', asReceiver, false],
  ])(
    'a viewer that shows %s, and sends video which no description has, is not heard',
    async (_, disguise, dataChannel) => {
      const smuggler = new Smuggler({ dataChannel });
      const client = await stand.offender();
      await smuggler.connect(disguise, async (sdp) => {
        const { result } = await client.request('join', asViewer(sdp));
        const { candidate } = await client.notified('trickle');
        return { answer: String(result?.sdp), candidate: (candidate as { candidate: string }).candidate };
      });
      const [, ssrc] = /^a=ssrc:(\d+)/m.exec(smuggler.offer) ?? [];
      await until('the SFU has refused the video', () =>
        stand.ion.log.includes(
          `unhandled RTP ssrc(${ssrc}), OnTrack will not be fired. single media section has an explicit SSRC`,
        ),
      );
      const taken = stand.ion.log.split('\n').filter((line) => /Peer got remote track.*mallory/.test(line));
      expect(taken).toEqual([]);
      await smuggler.close();
    },
  );

  test('who may not publish and sends all the same is not heard, in whatever order it speaks', async () => {
    const { url } = await stand.relay({
      authenticate: () => ({ userId: 'mallory', grants: { canPublish: false } }),
    });
    const said = [
      'join',
      'join as publisher',
      'offer',
      'offer',
      'leave and join',
      'update',
      'token',
    ] as const;
    for (const order of fc.sample(
      fc.tuple(fc.shuffledSubarray([...said]), fc.shuffledSubarray([...said])),
      6,
    )) {
      const smuggler = new Smuggler();
      const client = await stand.offender(url);
      let shown = '';
      const join = async () => {
        const { result } = await client.request('join', asViewer(shown));
        return String(result?.sdp);
      };
      const say = async (what: (typeof said)[number]) => {
        const desc = offerOf(smuggler.offer);
        if (what === 'join') await client.request('join', asViewer(desc.sdp));
        else if (what === 'join as publisher') await client.request('join', joinParams({ offer: desc }));
        else if (what === 'offer') expect((await client.request('offer', { desc })).error).toBeDefined();
        else if (what === 'update')
          await client.request('update', { tracks: [{ trackId: 't', muted: false }] });
        else if (what === 'token') await client.request('authenticate', { token: 'another' });
        else if ((await client.request('leave')).result) await join();
      };
      await smuggler.connect(asDataChannel, async (sdp) => {
        shown = sdp;
        for (const what of order[0]) await say(what);
        const answer = await join();
        const { candidate } = await client.notified('trickle');
        return { answer, candidate: (candidate as { candidate: string }).candidate };
      });
      for (const what of order[1].filter((each) => each !== 'leave and join')) await say(what);
      const [, ssrc] = /^a=ssrc:(\d+)/m.exec(smuggler.offer) ?? [];
      await until(`the SFU has refused the video, after ${order[0]} and ${order[1]}`, () =>
        stand.ion.log.includes(`unhandled RTP ssrc(${ssrc}), OnTrack will not be fired`),
      );
      expect(stand.ion.log).not.toMatch(/Peer got remote track.*mallory/);
      await smuggler.close();
      client.vanish();
    }
  });

  test('who may send sound sends no video', async () => {
    const { url } = await stand.relay({
      authenticate: () => ({
        userId: 'mallory',
        grants: { canPublishSources: ['microphone'], maxTracks: 1 },
      }),
    });
    const client = await stand.offender(url);
    const join = (tracks: Parameters<typeof fakeOffer>[0]) =>
      client.request('join', joinParams({ offer: offerOf(fakeOffer(tracks)) }));
    expectRefused(await join([video]), FORBIDDEN, /may not publish video: section 0/);
    expectRefused(await join([audio, { ...audio, trackId: 'second' }]), FORBIDDEN, /section 1/);
    expect(await join([audio])).toHaveProperty('result.type', 'answer');
    const inactive = fakeOffer([audio, { ...video, direction: 'inactive' }]);
    expect(await client.request('offer', { desc: offerOf(inactive) })).toHaveProperty(
      'result.type',
      'answer',
    );
    const awake = fakeOffer([audio, video]);
    expectRefused(await client.request('offer', { desc: offerOf(awake) }), FORBIDDEN, /section 1 \(video\)/);
  });

  test('where data channels are refused, none is opened but by the SFU', async () => {
    const { url } = await stand.relay({ dataChannels: 'refuse' });
    const client = await stand.offender(url);
    const withChannel = offerOf(fakeOffer([audio]));
    const refused = await client.request('join', joinParams({ offer: withChannel }));
    expectRefused(refused, FORBIDDEN, /section 1 \(application\)/);
    const receiving = offerOf(fakeOffer([{ ...video, direction: 'recvonly' }], { dataChannel: false }));
    const joined = await client.request('join', joinParams({ offer: receiving, role: 'subscriber' }));
    expect(joined).toHaveProperty('result.type', 'answer');
    expectRefused(await client.request('offer', { desc: withChannel }), FORBIDDEN, /section/);
    expect((await client.notified('offer')).sdp).toContain('m=application');
    await answerFirstOffer(client);
  });

  test('sources that are named one way and shown another take nobody’s name, and the room knows them by theirs', async () => {
    const { trackId, stream } = stand.bystander;
    const { relay } = stand.server;
    for (const ids of [`${stream.id} ${trackId}`, `mine ${trackId}`, `${stream.id} camera`, 'mine', '- -']) {
      const sdp = sending.replace('cname:fake', `msid:${ids}`);
      const client = await stand.joined({ offer: offerOf(sdp) });
      const tracks = relay.rooms.get(ROOM)?.participants.flatMap((each) => each.tracks) ?? [];
      expect(tracks.filter((track) => track.trackId === trackId)).toHaveLength(1);
      expect(tracks.filter((track) => track.streamId === stream.id)).toHaveLength(1);
      await client.close();
    }
  });

  test('names that are odd, or that mean something elsewhere, break no viewer', async () => {
    const streams = ['"><b>', 'a;b=c', '💥', '\t', '%00', '__proto__', 'x'.repeat(128), 'a=sendrecv'];
    const guests = await Promise.all(
      streams.map((stream, n) =>
        Bystander.join(stand.server.relay, ROOM, `guest ${n}`, `${stream} ${stream}`),
      ),
    );
    await until('the viewer in Chromium has them all', async () => {
      const received = (await stand.viewer.received()).map(({ streamId }) => streamId);
      const missing = streams.filter((stream) => !received.includes(stream));
      if (missing.length > 0) throw new Error(JSON.stringify({ missing, received }));
      return true;
    });
    await Promise.all(guests.map((guest) => guest.leave()));
  });
});
