import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compile } from '../../scripts/compile.js';
import { fakeAnswer, fakeOffer } from '../../src/testing/index.js';
import { Child } from '../support/child.js';
import { WireClient } from './wire-client.js';

/** A relay that has not answered by then is ended, which fails the test. */
const PATIENCE_MS = 5_000;

const video = { kind: 'video', streamId: 's', trackId: 't' } as const;
const MSID = ' msid:'.repeat(40_000);

/**
 * Lines that a reader which goes back and tries again would take many seconds for. Some are refused; others are harmless, and
 * taken out.
 */
const SLOW_LINES: [string, string, 'refused' | 'taken'][] = [
  ['that a Unicode line separator ends', `a=ssrc:1${MSID}\u2028`, 'refused'],
  ['that a Unicode paragraph separator ends', `a=ssrc:1${MSID}\u2029`, 'refused'],
  ['without an end of its ids', `a=ssrc:1${MSID}`, 'taken'],
  ['of header extensions', `a=extmap:1 http://${'a/'.repeat(100_000)}%`, 'taken'],
  ['of codec parameters', `a=fmtp:96 ${'apt;'.repeat(50_000)}apt=x`, 'taken'],
];

let script: string;
let relay: Child;
let origin: string;
let client: WireClient;
let watchdog: NodeJS.Timeout;
let room: string;

beforeAll(async () => {
  const { folder } = await compile('relay-process', { relay: 'test/support/relay-process.ts' });
  script = join(folder, 'relay.mjs');
});

async function startRelay(): Promise<void> {
  relay = new Child(process.execPath, [script]);
  const [, port] = await relay.output(/listening on (\d+)/);
  origin = `127.0.0.1:${port}`;
}

beforeEach(async () => {
  if (!relay?.alive()) await startRelay();
  room = randomUUID();
  client = await WireClient.dial(`ws://${origin}/rtc`);
  watchdog = setTimeout(() => void relay.stop('SIGKILL'), PATIENCE_MS);
});
afterEach(() => {
  clearTimeout(watchdog);
  client.vanish();
});
afterAll(() => relay?.stop());

const withLine = (sdp: string, line: string) => sdp.replace('a=mid:0\r\n', `a=mid:0\r\n${line}\r\n`);

const joinWith = (sdp: string) =>
  client.request('join', { sid: room, uid: 'mallory', offer: { type: 'offer', sdp } });

describe.each(SLOW_LINES)('a description with a line %s is answered at once', (_, line, outcome) => {
  const offer = withLine(fakeOffer([video]), line);
  const expectOutcome = (reply: unknown) =>
    outcome === 'taken'
      ? expect(reply).toHaveProperty('result')
      : expect(reply).toHaveProperty('error.data.code', 'ERR_RELAY_INVALID_SDP');

  test('in a join', async () => {
    expectOutcome(await joinWith(offer));
  });

  test('in an offer', async () => {
    await joinWith(fakeOffer([video]));
    const desc = { type: 'offer', sdp: offer };
    expectOutcome(await client.request('offer', { desc }));
  });

  test('in an answer', async () => {
    await joinWith(fakeOffer());
    const { sdp } = await client.notified('offer');
    client.notify('answer', { desc: { type: 'answer', sdp: withLine(fakeAnswer(String(sdp)), line) } });
    expect(await client.request('ping')).toHaveProperty('result');
  });

  test('in a POST /session', async () => {
    const response = await fetch(`http://${origin}/api/v1/sfu/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ room_id: room, user_id: 'mallory', role: 'publisher', sdp: offer }),
    });
    expect(response.status).toBe(outcome === 'taken' ? 200 : 422);
    expect(JSON.stringify(await response.json())).toContain(
      outcome === 'taken' ? 'session_id' : 'ERR_RELAY_INVALID_SDP',
    );
  });
});
