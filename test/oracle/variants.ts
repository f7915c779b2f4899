import { readFileSync } from 'node:fs';
import type { Transport } from '../support/media-peers.js';
import { answerVariants } from './answer-variants.js';
import { candidateVariants } from './candidate-variants.js';
import { codecVariants } from './codec-variants.js';
import { idVariants } from './id-variants.js';
import { lineVariants } from './line-variants.js';
import { transportVariants } from './transport-variants.js';

/** A change of a description; `transport` is that of the peer which sends it. */
export type Change = (sdp: string, transport: Transport) => string;

export interface Variant {
  /** Whose description it is. */
  client: Client;
  name: string;
  recording: string;
  /** How many tracks the viewer receives where it is taken. */
  tracks: number;
  offer?: Change;
  /** Of the viewer's answer. */
  answer?: Change;
  /** Trickled after the join, by the publisher (0) or the viewer (1). */
  candidates?: { target: 0 | 1; candidate: string }[];
  /** Of the publisher, in the place of random ones. */
  credentials?: { ufrag?: string; pwd?: string };
}

/** Recorded offers of real clients: audio and video, and how many tracks they send. */
const CLIENTS = {
  Chromium: { file: 'chromium', tracks: 2 },
  'Chromium, simulcast': { file: 'chromium-simulcast', tracks: 1 },
  'ion-sdk-js': { file: 'ion-sdk-js', tracks: 2 },
  Firefox: { file: 'firefox', tracks: 3 },
  aiortc: { file: 'aiortc', tracks: 2 },
  webrtcbin: { file: 'webrtcbin', tracks: 2 },
  pion: { file: 'pion', tracks: 2 },
  werift: { file: 'werift', tracks: 2 },
} as const;
export type Client = keyof typeof CLIENTS;

/** What is changed, one thing at a time, by the name of the change. */
export type Changes = Record<
  string,
  Omit<Variant, 'client' | 'name' | 'recording' | 'tracks'> & { client?: Client; tracks?: number }
>;

const recordings = new Map<string, string>();

function recordingOf(client: Client): string {
  const { file } = CLIENTS[client];
  const known = recordings.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`../oracle/recordings/${file}.sdp`, import.meta.url), 'utf8');
  const recording = text.replace(/\r?\n/g, '\r\n');
  recordings.set(file, recording);
  return recording;
}

/** The whole corpus: what each client sends, and then the changes. */
export function variants(): Variant[] {
  const clients = Object.keys(CLIENTS) as Client[];
  const plain = clients.map((client) => ({ client, name: 'as it is' }));
  const changed = [
    lineVariants,
    idVariants,
    codecVariants,
    transportVariants,
    answerVariants,
    candidateVariants,
  ].flatMap((changes) =>
    Object.entries(changes).map(([name, { client = 'Chromium', ...change }]) => ({
      client,
      name,
      ...change,
    })),
  );
  return [...plain, ...changed].map((each) => ({
    tracks: CLIENTS[each.client].tracks,
    recording: recordingOf(each.client),
    ...each,
  }));
}
