import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous, type Session, SfuRelay } from '../../../src/index.js';
import { fakeAnswer, fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';

let sfu: ScriptedSfu;
let relay: SfuRelay;

beforeEach(async () => {
  sfu = await startScriptedSfu();
});
afterEach(async () => {
  await relay.close();
  await sfu.stop();
});

function start(privateAddresses: 'pass' | 'drop'): void {
  const candidates = { privateAddresses };
  relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous(), candidates });
}

const join = (sdp: string): Promise<Session> =>
  relay.createSession({ sessionId: 's1', roomId: 'r', userId: 'u', sdp });

const PUBLIC = ['203.0.114.7', '2a00:1450:4001::1', '64:ff9b::808:808'];
const NOT_PUBLIC = [
  '10.0.0.1',
  '64:ff9b::a00:1',
  '64:ff9b:1::a00:1',
  '2002:a00:1::',
  '::10.0.0.1',
  'fec0::1',
  '224.0.0.1',
];
const ALL = [...PUBLIC, ...NOT_PUBLIC];

const at = (address: string) => `candidate:1 1 udp 1 ${address} 5000 typ host`;
const withCandidates = (sdp: string) =>
  sdp.replace('a=mid:0\r\n', `a=mid:0\r\n${ALL.map((address) => `a=${at(address)}\r\n`).join('')}`);
const addressesIn = (text: string) =>
  [...text.matchAll(/candidate:1 1 udp 1 (\S+) 5000/g)].map(([, address]) => address);

/** What the SFU is told of a client that has all of these addresses, in each way in which a client can say so. */
async function addressesTold(): Promise<Record<string, unknown>> {
  const session = await join(withCandidates(fakeOffer()));
  const stream = await sfu.waitFor(() => sfu.stream('r/u/s1'));
  await session.offer({ type: 'offer', sdp: withCandidates(fakeOffer()) });
  const pending = await new Promise<string>((resolve) => session.on('offer', ({ sdp }) => resolve(sdp)));
  for (const address of ALL) {
    for (const target of [0, 1] as const)
      session.addIceCandidate({ target, candidate: { candidate: at(address) } });
  }
  session.answerOffer({ type: 'answer', sdp: withCandidates(fakeAnswer(pending)) });
  await sfu.waitFor(() => stream.requests('description').length === 2 || undefined);
  const [joined] = stream.requests('join');
  const [offer, answer] = stream.requests('description');
  const trickled = stream
    .requests('trickle')
    .map(({ target, init }) => [target, addressesIn(init)[0]] as const);
  const ofTarget = (wanted: number) =>
    trickled.flatMap(([target, address]) => (target === wanted && address ? address : []));
  return {
    join: addressesIn(joined?.description?.sdp ?? ''),
    offer: addressesIn(offer?.sdp ?? ''),
    answer: addressesIn(answer?.sdp ?? ''),
    publisher: ofTarget(0),
    subscriber: ofTarget(1),
  };
}

const everywhere = (addresses: string[]) => ({
  join: addresses,
  offer: addresses,
  answer: addresses,
  publisher: addresses,
  subscriber: addresses,
});

describe('the SFU is told of', () => {
  test('all of a client’s addresses by default', async () => {
    start('pass');
    expect(await addressesTold()).toEqual(everywhere(ALL));
  });

  test('its public addresses alone, trickled or in a description, where the others are dropped', async () => {
    start('drop');
    expect(await addressesTold()).toEqual(everywhere(PUBLIC));
  });
});

describe('the candidates of a connection', () => {
  const place = 'candidate:1 1 udp 1 203.0.114.7 5000';

  test.each<[string, (n: number) => string]>([
    ['in other related addresses', (n) => `${place} typ srflx raddr 192.168.0.${n} rport 9`],
    ['in other related ports', (n) => `${place} typ relay raddr 0.0.0.0 rport ${n}`],
    ['in other places', (n) => `${place.replace('5000', String(n))} typ host`],
  ])('are bounded, also where they differ %s alone', async (_, candidate) => {
    start('pass');
    const session = await join(fakeOffer());
    const add = (n: number) => session.addIceCandidate({ target: 0, candidate: { candidate: candidate(n) } });
    for (let n = 1; n <= 128; n += 1) add(n);
    add(129);
    expect(relay.counters.surplusCandidates.value).toBe(1);
  });

  test('beyond the first 128 are kept from the SFU without an error, in descriptions and trickled', async () => {
    start('pass');
    const sections = [0, 1, 2].map((n) => ({ kind: 'video', streamId: `s${n}`, trackId: `t${n}` }) as const);
    // As Firefox does it: each section has ports of its own.
    const gathered = (sdp: string) =>
      sdp.replaceAll(/a=mid:(\d)\r\n/g, (line, mid) => {
        const ports = Array.from({ length: 50 }, (_, n) => 5_000 + Number(mid) * 50 + n);
        return line + ports.map((port) => `a=${place.replace('5000', String(port))} typ host\r\n`).join('');
      });
    const session = await join(gathered(fakeOffer(sections)));
    const stream = await sfu.waitFor(() => sfu.stream('r/u/s1'));
    session.addIceCandidate({
      target: 0,
      candidate: { candidate: `${place.replace('5000', '9')} typ host` },
    });
    session.addIceCandidate({ target: 0, candidate: { candidate: `${place} typ host` } });
    await session.offer({ type: 'offer', sdp: gathered(fakeOffer(sections)) });
    const told = [stream.requests('join')[0]?.description?.sdp, stream.requests('description')[0]?.sdp];
    for (const sdp of told) expect(sdp?.match(/^a=candidate:/gm)).toHaveLength(128);
    expect(stream.requests('trickle').filter(({ init }) => init.includes('candidate'))).toHaveLength(1);
    expect(session.state).toBe('joined');
  });

  test('cost nothing where they are known already, whatever else is said of them', async () => {
    start('pass');
    const session = await join(fakeOffer());
    for (let n = 1; n <= 500; n += 1) {
      const candidate = `candidate:${n} 1 udp ${n} 203.0.114.7 5000 typ srflx raddr 10.0.0.1 rport 9 generation ${n}`;
      session.addIceCandidate({ target: 0, candidate: { candidate } });
    }
    expect(session.state).toBe('joined');
  });
});
