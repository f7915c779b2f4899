import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fakeAnswer, fakeOffer } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { type IonServer, startIon } from '../support/ion.js';
import { describeReal } from '../support/real.js';
import { type RelayServer, startRelay } from '../support/relay-server.js';

/** What can go wrong with one line, or one word, of a text. */
const mutations: Record<string, (part: string) => string[]> = {
  'is left out': () => [],
  'comes twice': (part) => [part, part],
  'is cut by a character': (part) => [part.slice(0, -1)],
  'loses its value': (part) => [part.replace(/([:=])[^:=]*$/, '$1')],
  'loses all from its first colon': (part) => [part.replace(/:.*$/, '')],
  'ends in garbage': (part) => [part.replace(/(^|[:= ])[^:= ]*$/, '$1x')],
  'has huge numbers': (part) => [part.replace(/\d+/g, '99999999999999999999')],
  'has negative numbers': (part) => [part.replace(/\d+/g, '-1')],
  'has zeros': (part) => [part.replace(/\d+/g, '0')],
  'is very long': (part) => [part + 'y'.repeat(5_000)],
  'has double spaces': (part) => [part.replace(/ /g, '  ')],
};

const offer = fakeOffer([
  { kind: 'audio', streamId: 'stream', trackId: 'microphone' },
  { kind: 'video', streamId: 'stream', trackId: 'camera', layers: ['f', 'h'] },
]);
const candidate =
  'candidate:1 1 udp 2130706431 127.0.0.1 50000 typ srflx raddr 10.0.0.1 rport 5000 generation 0 ufrag abcd';

/** Whatever a client sends, it is refused or taken: it never ends a session on the SFU, nor the SFU. */
describeReal(['ion'], 'a description or candidate of which one part', () => {
  let ion: IonServer;
  let server: RelayServer;
  let clients: WireClient[] = [];

  beforeAll(async () => {
    ion = await startIon();
    server = await startRelay(ion.address);
  });
  afterEach(() => {
    for (const client of clients) client.vanish();
    clients = [];
  });
  afterAll(async () => {
    await server?.close();
    await ion?.stop();
  });

  async function joined(): Promise<WireClient> {
    const client = await WireClient.dial(server.url);
    clients.push(client);
    const reply = await client.request('join', { sid: randomUUID(), offer: { type: 'offer', sdp: offer } });
    expect(reply).toHaveProperty('result.type', 'answer');
    // Ion has gathered: while it does, it takes no offer with new credentials.
    await client.notified('trickle');
    return client;
  }

  /** Sends each variant on a session of its own, and gives those that the session did not outlive. */
  async function fatal(variants: string[], send: (client: WireClient, variant: string) => unknown) {
    const deadly: string[] = [];
    for (const variant of variants) {
      const client = await joined();
      try {
        await send(client, variant);
        await client.request('offer', { desc: { type: 'offer', sdp: offer } });
      } catch {
        deadly.push(differenceOf(variant));
      }
    }
    expect(ion.alive(), ion.log).toBe(true);
    return deadly;
  }

  test.each(Object.entries(mutations))('%s: offers', async (_, mutate) => {
    const variants = variantsOf(offer, '\r\n', mutate);
    expect(
      await fatal(variants, (client, sdp) => client.request('offer', { desc: { type: 'offer', sdp } })),
    ).toEqual([]);
  });

  test.each(Object.entries(mutations))('%s: candidates', async (_, mutate) => {
    const variants = variantsOf(candidate, ' ', mutate);
    for (const target of [0, 1]) {
      const send = (client: WireClient, text: string) =>
        client.notify('trickle', { target, candidate: { candidate: text, sdpMid: '0', sdpMLineIndex: 0 } });
      expect(await fatal(variants, send)).toEqual([]);
    }
  });

  test.each(Object.entries(mutations))('%s: answers', async (_, mutate) => {
    const lines = fakeAnswer(fakeOffer()).split('\r\n').length - 1;
    const deadly = await Promise.all(
      Array.from({ length: lines }, async (_unused, line) => {
        const client = await joined();
        const { sdp: pending } = await client.notified('offer');
        const sdp = variantsOf(fakeAnswer(String(pending)), '\r\n', mutate)[line];
        if (sdp === undefined) return [];
        client.notify('answer', { desc: { type: 'answer', sdp } });
        return client.request('offer', { desc: { type: 'offer', sdp: offer } }).then(
          () => [],
          () => [differenceOf(sdp)],
        );
      }),
    );
    expect(deadly.flat()).toEqual([]);
    expect(ion.alive(), ion.log).toBe(true);
  });
});

/** The text with one of its parts mutated, for each part that it changes. */
function variantsOf(text: string, separator: string, mutate: (part: string) => string[]): string[] {
  const parts = text.split(separator);
  return parts
    .map((part, index) =>
      part === ''
        ? text
        : [...parts.slice(0, index), ...mutate(part), ...parts.slice(index + 1)].join(separator),
    )
    .filter((variant) => variant !== text);
}

/** What is different from the good offer, for the report of a failure. */
function differenceOf(variant: string): string {
  const known = new Set(offer.split('\r\n'));
  const changed = variant.split('\r\n').filter((line) => !known.has(line));
  return changed.length > 0 ? changed.join(' | ').slice(0, 200) : variant;
}
