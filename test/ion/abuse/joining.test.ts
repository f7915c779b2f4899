import { describe, expect, test } from 'vitest';
import { fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { describeAbuse, expectRefused, joinParams, refusalOf } from './stand.js';

const video = { kind: 'video', streamId: 's', trackId: 't' } as const;
const audio = { kind: 'audio', streamId: 's', trackId: 'a' } as const;
const good = fakeOffer([video]);
const withLine = (line: string, sdp = good) => sdp.replace('a=mid:0', `${line}\r\na=mid:0`);
const many = Array.from({ length: 65 }, (_, n) => ({ ...video, trackId: `t${n}` }));

const SDP = 'ERR_RELAY_INVALID_SDP';
const PARAMS = 'ERR_RELAY_INVALID_PARAMS';
const STATE = 'ERR_RELAY_INVALID_STATE';

describeAbuse('a client that does not join as it should is refused', (stand) => {
  test.each<[string, object, string, RegExp]>([
    ['no offer', { offer: undefined }, PARAMS, /"offer"/],
    ['null for an offer', { offer: null }, PARAMS, /"offer"/],
    ['a text for an offer', { offer: good }, PARAMS, /"offer"/],
    ['an answer', { offer: { type: 'answer', sdp: good } }, PARAMS, /"offer"/],
    ['a pranswer', { offer: { type: 'pranswer', sdp: good } }, PARAMS, /"offer"/],
    ['a rollback', { offer: { type: 'rollback', sdp: '' } }, PARAMS, /"offer"/],
    ['a number for a room', { sid: 7 }, PARAMS, /"sid"/],
    ['an empty room', { sid: '' }, PARAMS, /"sid"/],
    ['a control character in its room', { sid: 'lob\u0000by' }, PARAMS, /"sid"/],
    ['half a surrogate pair in its user', { uid: '\ud800' }, PARAMS, /"uid"/],
    ['a user of 129 characters', { uid: 'x'.repeat(129) }, PARAMS, /"uid"/],
    ['a role that there is not', { role: 'admin' }, PARAMS, /"role"/],
    ['a list for a config', { config: [] }, PARAMS, /"config"/],
    ['metadata of 5 KB', { metadata: { name: 'x'.repeat(5_000) } }, PARAMS, /"metadata"/],
  ])('with %s', async (_, overrides, code, fault) => {
    const client = await stand.offender();
    expectRefused(await client.request('join', joinParams(overrides)), code, fault);
    expect(await client.request('join', joinParams())).toHaveProperty('result.type', 'answer');
  });

  test.each<[string, unknown, RegExp]>([
    ['is missing', undefined, /not a text/],
    ['is empty', '', /not a text/],
    ['is a number', 5, /not a text/],
    ['is prose', 'no sdp', /not of the form/],
    ['is a description twice', good + good, /section 1 \(application\) has a line "v="/],
    ['has no ICE credentials', good.replace(/a=ice-.*\r\n/g, ''), /no ICE credentials/],
    ['has two transports', good.replace(/a=ice-ufrag:.*/, 'a=ice-ufrag:other'), /a=ice-ufrag/],
    ['has no fingerprint', good.replace(/a=fingerprint.*\r\n/g, ''), /no DTLS fingerprint/],
    ['has no mid', good.replace('a=mid:0\r\n', ''), /section 0 \(video\) has no a=mid/],
    ['has a section of text', good.replace('m=video', 'm=text'), /section 0 is neither/],
    ['has 65 sections', fakeOffer(many), /more than 64/],
    ['has a NUL', withLine('a=x:\u0000'), /not of the form/],
    ['has a lone CR', withLine('a=x\ra=sendrecv'), /not of the form/],
    ['has a malformed candidate', withLine('a=candidate:1 1 udp'), /ICE candidate/],
    ['has a malformed codec', good.replace('VP8/90000', 'VP8/0'), /section 0 \(video\) does not offer VP8/],
    [
      'has a codec that the SFU does not know',
      good.replace('VP8', 'AV1'),
      /section 0 \(video\) does not offer VP8/,
    ],
    [
      'begins with a rejected section, whose codec the SFU would take for the others',
      fakeOffer([{ ...video, trackId: 'x', direction: 'inactive' }, video])
        .replace('m=video 9', 'm=video 0')
        .replace('VP8', 'H264')
        .replace(/a=ssrc:.*\r\n/, ''),
      /section 0 \(video\) is rejected, and the first of its kind/,
    ],
    ['has one track twice', fakeOffer([video, { ...audio, trackId: 't' }]), /track t twice/],
    ['has the mid of Plan B', good.replace('a=mid:0', 'a=mid:video'), /section 0 \(video\).*Plan B/],
  ])('with an SDP that %s', async (_, sdp, fault) => {
    const client = await stand.offender();
    expectRefused(await client.request('join', joinParams({ offer: { type: 'offer', sdp } })), SDP, fault);
    expect(await client.request('join', joinParams())).toHaveProperty('result.type', 'answer');
  });

  // What the SFU does not survive, or can't read, is not shown to it.
  test.each<[string, string]>([
    ['wants NACKs for audio', withLine('a=rtcp-fb:111 nack', fakeOffer([audio]))],
    ['wants NACKs for all audio', withLine('a=rtcp-fb:* nack', fakeOffer([audio]))],
    ['has a malformed header extension', withLine('a=extmap:0 urn:x')],
    ['has a malformed bandwidth', withLine('b=AS:x')],
    ['has a sender without ids', good.replace(/a=msid:.*\r\n/, '')],
    ['has no end', good.trimEnd()],
  ])('but not with an SDP that %s: it is taken, without that', async (_, sdp) => {
    await stand.joined({ offer: { type: 'offer', sdp } });
  });

  describe('for doing before the join what comes after it:', () => {
    test.each<[string, object]>([
      ['offer', { desc: { type: 'offer', sdp: good } }],
      ['subscribe', { subscriptions: [{ trackId: 't', subscribe: true }] }],
      ['subscribe', { subscriptions: [{ trackId: 't', subscribe: true, layer: 'f' }] }],
      ['subscribe', { subscriptions: [{ trackId: 't', subscribe: false }] }],
      ['subscribe', { subscriptions: [] }],
      ['update', { metadata: {} }],
      ['stats', { report: [] }],
      ['leave', {}],
    ])('%s (%#)', async (method, params) => {
      const client = await stand.offender();
      expectRefused(await client.request(method, params), STATE, /Join first/);
      expect(await client.request('join', joinParams())).toHaveProperty('result.type', 'answer');
    });

    test('answer', async () => {
      const client = await stand.offender();
      client.notify('answer', { desc: { type: 'answer', sdp: good } });
      expectRefused(await refusalOf(client, 'answer'), STATE, /Join first/, 'answer');
    });

    test('candidates of no target, which are refused when it has joined', async () => {
      const client = await stand.offender();
      const candidate = JSON.parse(fakeCandidate());
      for (const target of [7, -1, '0', null]) client.notify('trickle', { target, candidate });
      expect(await client.request('join', joinParams())).toHaveProperty('result.type', 'answer');
      for (const nth of [0, 1, 2, 3])
        expectRefused(await refusalOf(client, 'trickle', nth), PARAMS, /"target"/, 'trickle');
    });

    test('more candidates than are held, of which the surplus is dropped', async () => {
      const client = await stand.offender();
      await client.request('ping');
      const candidate = JSON.parse(fakeCandidate());
      for (let count = 0; count < 129; count += 1) client.notify('trickle', { target: 0, candidate });
      expect(await client.request('join', joinParams())).toHaveProperty('result.type', 'answer');
      expect(client.received.filter(({ error }) => error)).toEqual([]);
    });
  });

  describe('of the flags that a bare Ion dies of, nothing but their meaning:', () => {
    const spellings = ['true', true, 'TRUE', 'True', 1, '1', 'yes', ['true'], { toString: 'true' }, null];

    test.each(['NoPublish', 'NoSubscribe', 'nopublish', 'NOSUBSCRIBE', '__proto__'])('%s', async (flag) => {
      for (const value of spellings) {
        const config = JSON.parse(`{${JSON.stringify(flag)}: ${JSON.stringify(value)}}`);
        const half = await stand.joined({ config });
        const next = await stand.joined({ uid: 'next' });
        await Promise.all([half.close(), next.close()]);
      }
    });
  });

  test('a description as long as a message may be is taken, if nothing else is wrong with it', async () => {
    const sdp = withLine(`a=x:${'y'.repeat(200_000)}`);
    expect(await stand.joined({ offer: { type: 'offer', sdp } })).toBeDefined();
  });

  test('a message that is too long costs the connection', async () => {
    const client = await stand.offender();
    client.send(JSON.stringify(joinParams({ metadata: 'x'.repeat(300_000) })));
    expect((await client.closed).code).toBe(4413);
  });

  test('names from the innards of JavaScript are names like others', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', '../..', '%2F', 'a/b/c', '💥'])
      await (await stand.joined({ sid: name, uid: name })).close();
  });
});
