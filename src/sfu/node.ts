import { type ChannelCredentials, type ClientOptions, credentials } from '@grpc/grpc-js';
import { RelayError } from '../errors.js';
import { Channel } from './channel.js';
import type { ResolvedSfuOptions } from './options.js';
import type { Sfu, SfuStream, SfuStreamListener } from './port.js';
import { IonStream, probe } from './stream.js';

/** One Ion SFU: its channels, and the streams on them. */
export class SfuNode implements Sfu {
  readonly #options: ResolvedSfuOptions;
  readonly #credentials: ChannelCredentials;
  readonly #channels = new Set<Channel>();
  #closed = false;

  constructor(options: ResolvedSfuOptions) {
    this.#options = options;
    const { tls } = options;
    this.#credentials = tls
      ? credentials.createSsl(toBuffer(tls.ca), toBuffer(tls.key), toBuffer(tls.cert))
      : credentials.createInsecure();
  }

  get streamCount(): number {
    let count = 0;
    for (const channel of this.#channels) count += channel.streams;
    return count;
  }

  async open(listener: SfuStreamListener, signal: AbortSignal): Promise<SfuStream> {
    const channel = await this.#reserve(signal);
    return new IonStream(channel.client.signal(), listener, {
      closeTimeoutMs: this.#options.closeTimeoutMs,
      onSign: () => {
        channel.suspect = false;
      },
      onSilence: () => {
        channel.suspect = true;
      },
      onEnd: () => this.#release(channel),
    });
  }

  async probe(signal: AbortSignal): Promise<void> {
    const channel = await this.#reserve(signal);
    try {
      await probe(channel.client.signal(), signal);
      channel.suspect = false;
    } catch (error) {
      channel.suspect = true;
      throw error;
    } finally {
      this.#release(channel);
    }
  }

  close(): void {
    this.#closed = true;
    for (const channel of this.#channels) channel.close();
    this.#channels.clear();
  }

  async #reserve(signal: AbortSignal): Promise<Channel> {
    if (this.#closed) throw new RelayError('ERR_RELAY_CLOSED', 'The relay is closing.');
    const channel = this.#channelWithRoom();
    channel.streams += 1;
    try {
      await channel.ready(this.#options.connectTimeoutMs, signal);
      return channel;
    } catch (error) {
      this.#release(channel);
      throw error;
    }
  }

  #channelWithRoom(): Channel {
    for (const channel of this.#channels) {
      if (!channel.suspect && channel.streams < this.#options.maxStreamsPerChannel) return channel;
    }
    const channel = new Channel(this.#options.serverUrl, this.#credentials, this.#channelOptions());
    this.#channels.add(channel);
    return channel;
  }

  /** One empty sound channel is kept, so that the next session need not connect. */
  #release(channel: Channel): void {
    channel.streams -= 1;
    if (channel.streams > 0) return;
    if (channel.suspect || this.#channels.size > 1) {
      this.#channels.delete(channel);
      channel.close();
    }
  }

  #channelOptions(): ClientOptions {
    return {
      // Channels would share one connection otherwise, and with it its stream limit.
      'grpc.use_local_subchannel_pool': 1,
      // A stream lives for hours: no copy of what was sent is kept for a retry that never comes.
      'grpc.enable_retries': 0,
      // Node ends a connection with all its streams at 10 MB of session memory.
      'grpc-node.max_session_memory': 1024,
      // Ion cuts off a client that pings more often than every 5 minutes, with every session on it.
      'grpc.keepalive_time_ms': this.#options.keepaliveTimeMs,
      'grpc.keepalive_timeout_ms': 20_000,
      'grpc.keepalive_permit_without_calls': 0,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.max_receive_message_length': 1024 * 1024,
      ...(this.#options.tls?.serverName && { 'grpc.ssl_target_name_override': this.#options.tls.serverName }),
    };
  }
}

function toBuffer(pem: string | Uint8Array | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
