import type { ResumeResult } from '../../protocol/messages.js';
import { isString } from '../common/wire-forms.js';

/** What is kept at most, as by the relay. A frame may exceed the length, as the relay reports one that is too long. */
const MAX_FRAMES = 512;
const MAX_LENGTH = 256 * 1024;
/** The relay is told of received frames after so many, after this length in all, or so many ms after the first one. */
const ACK_EVERY = 32;
const ACK_LENGTH = MAX_LENGTH / 4;
const ACK_AFTER_MS = 5_000;

const UNCOUNTED = /^(ack|ping|resume|goaway)$/;

/**
 * Whether a message counts (docs/PROTOCOL.md, Resumption). Requests that do not count have negative ids, so that their responses
 * do not count either.
 */
export const isCounted = ({ id, method, error }: Record<string, unknown>): boolean =>
  isString(method) ? !UNCOUNTED.test(method) : !((id as number) < 0 || Object(Object(error).data).closeCode);

/** Of the relay, for the same session: how many frames it has received, and has sent before the next one. */
export type RelayCounts = Pick<ResumeResult, 'received' | 'sent'>;

export type FrameCounts = ReturnType<typeof frameCounts>;

/**
 * Counts the frames of a connection in both directions, and keeps those that the relay may not have received.
 * @param acknowledge tells the relay how many frames have been received
 */
export function frameCounts(acknowledge: (received: number) => void) {
  /** The newest of the sent frames. */
  let kept: string[] = [];
  let length = 0;
  /** The relay has received at least so many. */
  let released = 0;
  let acknowledged = 0;
  /** Of the received frames since then. */
  let unacknowledgedLength = 0;
  let isAcknowledging = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const cancel = () => {
    clearTimeout(timer);
    timer = undefined;
  };

  const counts = {
    sent: 0,
    received: 0,

    /** All frames that the relay may not have received; undefined if there were too many to keep. */
    get kept(): readonly string[] | undefined {
      return counts.sent - kept.length > released ? undefined : kept;
    },

    keep(frame: string): void {
      if (kept.length >= MAX_FRAMES || length > MAX_LENGTH) {
        kept = [];
        length = 0;
      }
      kept.push(frame);
      length += frame.length;
      counts.sent += 1;
    },

    /** The relay has received so many frames. */
    release(count: number): void {
      if (!(count > released && count <= counts.sent)) return;
      released = count;
      for (const frame of kept.splice(0, kept.length - counts.sent + count)) length -= frame.length;
    },

    receive(frameLength: number): void {
      counts.received += 1;
      if (!isAcknowledging) return;
      unacknowledgedLength += frameLength;
      if (counts.received - acknowledged >= ACK_EVERY || unacknowledgedLength > ACK_LENGTH)
        counts.acknowledge();
      else timer ??= setTimeout(counts.acknowledge, ACK_AFTER_MS);
    },

    /** Tells the relay at once, and from now on. */
    acknowledge(): void {
      cancel();
      isAcknowledging = true;
      unacknowledgedLength = 0;
      acknowledged = counts.received;
      acknowledge(acknowledged);
    },

    /** Tells the relay nothing any more. */
    stop(): void {
      isAcknowledging = false;
      cancel();
    },

    /** Whether these can be the counts of the relay for the same session. */
    agree: ({ received, sent }: RelayCounts) =>
      received >= released && received <= counts.sent && sent >= counts.received,

    /** Continues on another connection. */
    resume({ received, sent }: RelayCounts): void {
      // `resume` has told the relay.
      cancel();
      counts.release(received);
      counts.received = acknowledged = sent;
      unacknowledgedLength = 0;
    },
  };
  return counts;
}
