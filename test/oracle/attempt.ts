import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeOffer } from '../../src/testing/index.js';
import type { MediaPeers } from '../support/media-peers.js';
import type { Door } from './doors.js';
import { graft, randomSource, streamsOf } from './graft.js';
import type { Variant } from './variants.js';

/** What becomes of a variant. `refused` is also a session that ends. */
export type Verdict = 'taken' | 'no media' | 'refused' | 'crash';

const ALIVE_MS = 5_000;
const ANSWER_MS = 6_000;

/** One try: a publisher and a viewer in a room of their own. Gives the verdict, and the fault that was named. */
export async function attempt(
  variant: Variant,
  peers: MediaPeers,
  open: () => Door,
): Promise<{ verdict: Exclude<Verdict, 'crash'>; fault?: string }> {
  const room = randomUUID();
  const [inner, outer] = [open(), open()];
  const publisher = await peers.publisher(variant.credentials);
  const tracks = new Set<string>();
  const viewer = peers.viewer(
    (sdp) => outer.answer(variant.answer?.(sdp, publisher.transport) ?? sdp),
    (track) => tracks.add(track),
  );
  try {
    await outer.join(room, `viewer ${room}`, fakeOffer(), {
      onOffer: (sdp) => viewer.offer(sdp),
      onCandidate: (target, candidate) => {
        if (target === 1) viewer.candidate(candidate);
      },
    });
    const own = graft(variant.recording, publisher.transport, randomSource);
    const sdp = variant.offer?.(own, publisher.transport) ?? own;
    const answer = await inTime(
      inner.join(room, `publisher ${room}`, sdp, {
        onOffer: () => {},
        onCandidate: (target, candidate) => {
          if (target === 0) publisher.candidate(candidate);
        },
      }),
    );
    const since = performance.now();
    const streams = streamsOf(sdp, answer);
    publisher.connect(answer, streams.length > 0 ? streams : streamsOf(own, answer));
    for (const { target, candidate } of variant.candidates ?? [])
      (target === 0 ? inner : outer).candidate(target, candidate);
    const isOver = () => (inner.fault ?? outer.fault) !== undefined;
    while (!isOver() && performance.now() - since < ALIVE_MS) await sleep(100);
    const fault = inner.fault ?? outer.fault;
    if (fault !== undefined) return { verdict: 'refused', fault };
    return { verdict: tracks.size >= variant.tracks ? 'taken' : 'no media' };
  } catch (error) {
    return { verdict: 'refused', fault: (error as Error).message };
  } finally {
    publisher.close();
    viewer.close();
    await Promise.all([inner.leave(), outer.leave()]).catch(() => {});
  }
}

function inTime<Value>(promise: Promise<Value>): Promise<Value> {
  const late = sleep(ANSWER_MS, undefined, { ref: false }).then(() => {
    throw new Error('no answer');
  });
  return Promise.race([promise, late]);
}
