import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Guard, type GuardPolicy } from '../../../src/guard/guard.js';
import { Room } from '../../../src/room/room.js';
import { Counter } from '../../../src/telemetry/instruments.js';
import { silentLogger } from '../../../src/util/logger.js';
import { graft } from '../../oracle/graft.js';
import { readTable } from '../../oracle/table.js';
import { type Variant, variants } from '../../oracle/variants.js';

const POLICY: GuardPolicy = {
  offer: { kinds: new Set(['audio', 'video']), maxTracks: 16, dataChannels: true, canPublishData: true },
  videoCodec: 'VP8',
  canSubscribe: true,
  admitsCandidate: undefined,
  layerSubscriptions: 'safe',
};
const recording = (name: string) =>
  readFileSync(new URL(`../../oracle/recordings/${name}.sdp`, import.meta.url), 'utf8').replace(
    /\r?\n/g,
    '\r\n',
  );
const digest = (bytes: number) =>
  Array.from({ length: bytes }, (_, n) => (n + 16).toString(16).toUpperCase()).join(':');

const rows = await readTable();
const corpus = variants();
const nameOf = ({ client, name }: { client: string; name: string }) => `${client}: ${name}`;

/** What the guard does with a variant, as it does with a client's. */
function give({ recording: own, offer, answer, candidates = [], credentials = {} }: Variant): void {
  const session = { id: 's', userId: 'u', logger: silentLogger, surplusCandidates: new Counter() };
  const guard = new Guard(POLICY, new Room('lobby'), session);
  const transport = {
    ufrag: 'abcdefgh',
    pwd: 'abcdefghijklmnopqrstuvwx',
    ...credentials,
    fingerprints: {
      'sha-1': digest(20),
      'sha-256': digest(32),
      'sha-384': digest(48),
      'sha-512': digest(64),
    },
  };
  const grafted = graft(own, transport, (index) => 1_000 + index);
  const checked = guard.offer({ type: 'offer', sdp: offer?.(grafted, transport) ?? grafted }, () => true);
  guard.release(checked);
  if (answer) {
    const sdp = answer(recording('answer-of-pion'), transport);
    guard.answer({ type: 'answer', sdp }, recording('offer-of-ion'));
  }
  for (const { target, candidate } of candidates)
    guard.candidate(target, { candidate, sdpMid: '0', sdpMLineIndex: 0 });
}

describe('the table of docs/SDP.md', () => {
  test('has every variant of the corpus, and no other', () => {
    expect(rows.map(nameOf)).toEqual(corpus.map(nameOf));
    expect(corpus.length).toBeGreaterThan(150);
    expect(new Set(corpus.map(nameOf)).size).toBe(corpus.length);
  });

  test('explains what is different through the relay, and has nothing of which the SFU has died', () => {
    const unexplained = rows.filter(({ bare, relay, why }) => (bare === relay) !== (why === ''));
    expect(unexplained).toEqual([]);
    expect(rows.filter(({ relay }) => relay === 'crash')).toEqual([]);
  });

  test.each(corpus.map((variant, index) => [nameOf(variant), variant, rows[index]?.relay] as const))(
    'says what the relay does with %s',
    (_, variant, relay) => {
      if (relay === 'refused')
        expect(() => give(variant)).toThrow(expect.objectContaining({ code: 'ERR_RELAY_INVALID_SDP' }));
      else expect(() => give(variant)).not.toThrow();
    },
  );
});
