import { readFileSync } from 'node:fs';
import { fakeAnswer, fakeOffer } from '../../src/testing/index.js';

const FIXTURES = [
  'offer-audio-video',
  'offer-candidates',
  'offer-simulcast',
  'offer-track-removed',
  'offer-viewer',
] as const;

/** A description as Chromium made it. */
function recorded(name: string): string {
  return readFileSync(new URL(`../fuzz/fixtures/${name}.sdp`, import.meta.url), 'utf8');
}

/** An offer of a native client. */
function native(name: string): string {
  return readFileSync(new URL(`../oracle/recordings/${name}.sdp`, import.meta.url), 'utf8');
}

const audio = { kind: 'audio', streamId: 'stream', trackId: 'microphone' } as const;
const video = { kind: 'video', streamId: 'stream', trackId: 'camera' } as const;

const OFFERS: readonly string[] = [
  ...FIXTURES.map(recorded),
  ...['aiortc', 'webrtcbin', 'pion'].map(native),
  fakeOffer(),
  fakeOffer([], { dataChannel: false }),
  fakeOffer([audio, video]),
  fakeOffer([audio, { ...video, layers: ['f', 'h', 'q'] }]),
  fakeOffer([{ ...video, direction: 'recvonly' }]),
];

const ANSWERS: readonly string[] = [
  recorded('answer-empty'),
  recorded('answer-tracks'),
  recorded('answer-aiortc'),
  recorded('answer-webrtcbin'),
];

/** One client's descriptions: one transport, and tracks that nobody else has. */
export class Templates {
  readonly offers: readonly string[];

  constructor(client: string) {
    const owned = OFFERS.map((sdp) => ownTracks(sdp, client));
    this.offers = owned.map((sdp) => withCredentials(sdp, 0));
  }

  /** The answer to the SFU's offer: by its shape right, or another's. */
  answers(offer: string): readonly string[] {
    const right = fakeAnswer(offer);
    return [right, right, right, ...ANSWERS];
  }
}

/** Other credentials are an ICE restart. */
export function withCredentials(sdp: string, generation: number): string {
  const n = String(generation).padStart(4, '0');
  return sdp
    .replace(/a=ice-ufrag:.*/g, `a=ice-ufrag:ufrg${n}`)
    .replace(/a=ice-pwd:.*/g, `a=ice-pwd:fakepasswordofchars${n}`);
}

function ownTracks(sdp: string, client: string): string {
  const ids = new Set([...sdp.matchAll(/msid:(\S+) (\S+)/g)].flatMap(([, stream, track]) => [stream, track]));
  let owned = sdp;
  for (const id of ids) {
    if (id)
      owned = owned.replaceAll(` ${id}`, ` ${id}-${client}`).replaceAll(`msid:${id}`, `msid:${id}-${client}`);
  }
  return owned;
}
