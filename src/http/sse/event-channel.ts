import type { RelayError } from '../../protocol/errors.js';
import type { RelayNotifications } from '../../protocol/messages.js';
import type { Target } from '../../protocol/types.js';
import type { Backlog, ClientChannel } from '../../signaling/rpc/client-channel.js';
import { encodeOnce } from '../../signaling/wire/encode-once.js';
import { encodeError } from '../../signaling/wire/json-rpc.js';
import type { RelayCounters, SentMessage } from '../../telemetry/relay-counters.js';
import { ReplayBuffer } from './replay-buffer.js';

interface ChannelLimits {
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
}

/** Encodes, counts and buffers the messages for the event stream of one session. */
export class EventChannel implements ClientChannel {
  readonly maxMessageBytes: number;
  readonly buffer: ReplayBuffer<Backlog[number]>;
  /** Whether an event stream reads the buffer. */
  hasReader = false;
  readonly #maxBufferedBytes: number;
  readonly #counters: RelayCounters;
  readonly #onOverflow: () => void;

  /** `onOverflow` is called for each message that finds the buffer full. */
  constructor(limits: ChannelLimits, counters: RelayCounters, onOverflow: () => void) {
    this.maxMessageBytes = limits.maxMessageBytes;
    this.#maxBufferedBytes = limits.maxBufferedBytes;
    this.buffer = new ReplayBuffer(limits.maxBufferedBytes, ({ method }) => method !== 'message');
    this.#counters = counters;
    this.#onOverflow = onOverflow;
  }

  notify<Method extends keyof RelayNotifications>(method: Method, params: RelayNotifications[Method]): void {
    // An event stream that begins later is reminded of the token's end then.
    if (method === 'expiring' && !this.hasReader) return;
    const isBacklog = method === 'offer' || method === 'trickle' || method === 'message';
    const content = isBacklog ? ({ method, params } as Backlog[number]) : undefined;
    this.#push(method, encodeOnce(method, params).text, content);
  }

  trickle(target: Target, init: string, peer?: number): void {
    this.notify('trickle', { target, candidate: JSON.parse(init), ...(peer && { peer }) });
  }

  deliver(params: RelayNotifications['message'], mayDrop: boolean): void {
    if (mayDrop && this.buffer.unreadBytes > this.#maxBufferedBytes / 4)
      this.#counters.dropped.add('message');
    else this.#push('message', encodeOnce('message', params).text, { method: 'message', params });
  }

  describe(send: () => void): void {
    this.buffer.together(send);
  }

  notificationRefused(method: string, error: RelayError): void {
    this.#counters.refused.add(error.code);
    this.#push('error', encodeError(null, error, method));
  }

  #push(what: SentMessage, text: string, content?: Backlog[number]): void {
    if (this.buffer.push(text, content)) this.#counters.sent.add(what);
    else this.#onOverflow();
  }
}
