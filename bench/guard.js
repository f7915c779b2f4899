#!/usr/bin/env node
/**
 * What the guard costs: CPU microseconds a message, with its checks and without, the median of rounds that take
 * turns.
 *
 *   node bench/guard.js
 */
import { readFileSync } from 'node:fs';
import { compile } from '../scripts/compile.js';

const ROOT = new URL('..', import.meta.url);
const ROUNDS = 61;
/** Until the code is compiled. */
const WARM_UP_ROUNDS = 10;
const ROUND_MS = 20;

const fixture = (name) => readFileSync(new URL(`test/fuzz/fixtures/${name}.sdp`, ROOT), 'utf8');

const { load } = await compile('guard', {
  guard: 'src/guard/guard.ts',
  room: 'src/room/room.ts',
  rtc: 'src/sfu/ion/gen/rtc.ts',
});
const [{ Guard }, { Room }, { Request }] = await Promise.all([load('guard'), load('room'), load('rtc')]);

const guard = new Guard(
  {
    offer: { kinds: new Set(['audio', 'video']), maxTracks: 16, dataChannels: true, canPublishData: true },
    videoCodec: 'VP8',
    canSubscribe: true,
    admitsCandidate: undefined,
    layerSubscriptions: 'safe',
  },
  new Room('lobby'),
  'session',
);

const trickleText = JSON.stringify({
  jsonrpc: '2.0',
  method: 'trickle',
  params: {
    target: 0,
    candidate: {
      candidate:
        'candidate:1467250027 1 udp 2122260223 192.168.0.17 46243 typ host generation 0 ufrag EsAw network-id 1',
      sdpMid: '0',
      sdpMLineIndex: 0,
      usernameFragment: 'EsAw',
    },
  },
});
const joinText = (sdp) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'join',
    params: { sid: 'lobby', offer: { type: 'offer', sdp } },
  });

const encodeTrickle = (target, init) =>
  Request.encode({ payload: { $case: 'trickle', value: { target, init } } }).finish();
const encodeJoin = (sdp) =>
  Request.encode({
    payload: {
      $case: 'join',
      value: {
        sid: 'lobby',
        uid: 'user',
        config: {},
        description: { target: 0, type: 'offer', sdp, trackInfos: [] },
      },
    },
  }).finish();

function offers(name) {
  const text = joinText(fixture(name));
  return {
    bytes: text.length,
    with() {
      const { offer } = JSON.parse(text).params;
      return encodeJoin(guard.offer(offer, () => false).sdp);
    },
    without: () => encodeJoin(JSON.parse(text).params.offer.sdp),
  };
}

const cases = {
  'a candidate': {
    bytes: trickleText.length,
    with() {
      const { target, candidate } = JSON.parse(trickleText).params;
      return encodeTrickle(target, guard.candidate(target, candidate));
    },
    without() {
      const { target, candidate } = JSON.parse(trickleText).params;
      return encodeTrickle(target, JSON.stringify(candidate));
    },
  },
  "a viewer's join": offers('offer-viewer'),
  "a publisher's join": offers('offer-audio-video'),
  "a simulcast publisher's join": offers('offer-simulcast'),
};

/** CPU microseconds of one call, over as many as fit into a round. */
function measure(act) {
  const end = process.hrtime.bigint() + BigInt(ROUND_MS * 1e6);
  const before = process.cpuUsage();
  let calls = 0;
  for (; process.hrtime.bigint() < end; calls += 10) {
    for (let call = 0; call < 10; call += 1) act();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

function median(values) {
  return values.sort((one, other) => one - other)[values.length >> 1];
}

const table = {};
for (const [name, { bytes, ...variants }] of Object.entries(cases)) {
  const times = { with: [], without: [] };
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    for (const variant of ['with', 'without']) {
      const time = measure(variants[variant]);
      if (round >= 0) times[variant].push(time);
    }
  }
  const [checked, unchecked] = [median(times.with), median(times.without)];
  table[name] = {
    bytes,
    'parsed, encoded: µs': Number(unchecked.toFixed(2)),
    'checked as well: µs': Number(checked.toFixed(2)),
    'the checks: µs': Number((checked - unchecked).toFixed(2)),
  };
}
console.table(table);
