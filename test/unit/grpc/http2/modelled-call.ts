import { expect } from 'vitest';
import { DEFAULT_FRAME_SIZE, Flag, type Frame, FrameType } from './frames.js';
import type { RawPeer } from './raw-http2-server.js';
import type { RecordedCall } from './recorded-call.js';

/** One call, as it must look on both sides. */
export interface ModelledCall {
  call: RecordedCall;
  id: number;
  /** By the client, before it half-closed. */
  said: Buffer[];
  hasEnded: boolean;
  isCancelled: boolean;
  /** By the server: what the client must have heard when the call has ended. */
  sent: string[];
  isAnswered: boolean;
  isFinished: boolean;
}

export function checkCall(one: ModelledCall, peer: RawPeer): void {
  checkHeard(one);
  const { id, said, hasEnded, isCancelled, isFinished } = one;
  const arrived = peer.bytesOf(id);
  const whole = Buffer.concat(said);
  expect(arrived.equals(whole.subarray(0, arrived.length))).toBe(true);
  if (!isFinished && !isCancelled) expect(arrived).toHaveLength(whole.length);
  const frames = peer.framesOf(id);
  expect(Math.max(...frames.map(({ payload }) => payload.length))).toBeLessThanOrEqual(DEFAULT_FRAME_SIZE);
  const ended = frames.findIndex(endsStream);
  if (ended >= 0) expect(frames.slice(ended + 1).some(({ type }) => type === FrameType.DATA)).toBe(false);
  if (ended >= 0 && !isFinished) expect(hasEnded).toBe(true);
  const left = frames.findIndex(({ type }) => type === FrameType.RST_STREAM);
  if (left >= 0) expect(frames.slice(left + 1)).toEqual([]);
}

function checkHeard({ call, id, isCancelled, sent, isFinished }: ModelledCall): void {
  const heard = call.messages;
  // What was cancelled may have heard less, and nothing else.
  expect(heard.map(shortened)).toEqual(
    sent.slice(0, isCancelled ? heard.length : sent.length).map(shortened),
  );
  expect(heard.every((text, n) => text === sent[n])).toBe(true);
  expect(call.ends).toHaveLength(isFinished || isCancelled ? 1 : 0);
  const details = call.ends[0]?.details;
  if (isFinished && !isCancelled && !details?.includes('reset')) expect(details).toBe(`the end of ${id}`);
}

/** For a report that can be read. */
function shortened(text: string): string {
  return `${text.slice(0, 12)}… ${text.length}`;
}

export function endsStream({ type, flags }: Frame): boolean {
  return type === FrameType.DATA && (flags & Flag.END_STREAM) !== 0;
}
