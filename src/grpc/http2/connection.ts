import { RelayError } from '../../protocol/errors.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { Deadline } from '../../util/deadline.js';
import { connectionFault, explainSocketError, timedOut, unavailable } from '../failed-connection.js';
import type { CallListener, ConnectionSetup, GrpcCall, GrpcConnection } from '../grpc-connection.js';
import type { SfuMetadata } from '../metadata.js';
import { type Address, knownAddress, lookUpAddresses } from './addresses.js';
import { encodeFields, encodeMoreFields } from './hpack/encoder.js';
import { Http2Transport } from './transport.js';

/*
 * gRPC over HTTP/2, by hand, for one kind of call: a bidirectional stream of small messages that lives for hours.
 *
 * Why it exists. Passing a trickle on is the product, and a general client costs more than all the rest of the relay. With
 * @grpc/grpc-js a trickle costs 1.75–2.2 times the CPU, a join 2.3–3.0 times, a session 1.7 times the memory. Against grpc-go, grpcio,
 * tonic, the grpc-js server, nginx, HAProxy and Envoy this client was right in more cases, too. test/interop holds both to the same
 * cases; its table is in docs/GRPC.md.
 *
 * How to switch. `sfu: { client: 'grpc-js' }`. Both implement ../client.ts, and the rest of the relay knows nothing else.
 *
 * The files, from the outside in:
 *   connection.ts     one connection of the pool: the addresses of a name, of which the first that speaks HTTP/2 is taken
 *   addresses.ts      targets: host:port, unix:path
 *   transport.ts      one socket: preface, SETTINGS, keep-alive pings, its end
 *   multiplexer.ts    frames to calls; GOAWAY, PING, SETTINGS, windows of what is received
 *   call.ts           one stream: its messages, its status
 *   flow-control.ts        windows of what is sent
 *   message-reader.ts compression.ts   gRPC's length-prefixed messages
 *   frame-reader.ts frame-writer.ts unit-reader.ts frames.ts settings.ts header-blocks.ts   bytes
 *   hpack/            header fields
 *
 * Implemented of RFC 9113: all frame types are read, and checked as the RFC demands of a receiver (lengths, stream states, limits of
 * windows; a violation ends the stream or the connection with the RFC's code). Flow control in both directions. CONTINUATION, padding.
 * SETTINGS_MAX_CONCURRENT_STREAMS (the pool opens further connections), INITIAL_WINDOW_SIZE, also while streams are open. GOAWAY:
 * streams that the server has not looked at are told so (`unprocessed`) and made again by the caller, as with REFUSED_STREAM. Answers
 * to PING and SETTINGS, with a bound for a server that does not read them. Of gRPC's PROTOCOL-HTTP2: status in trailers or alone,
 * percent-encoded messages, HTTP status where there is no gRPC status, reset codes, gzip and deflate where a server insists, metadata,
 * keep-alive (A8) with back-off after too_many_pings.
 *
 * Implemented of RFC 7541: the whole decoder (static and dynamic table, resizing, Huffman), with bounds. Of the encoder as much as a
 * request needs that is the same for all calls: literals without a table and without Huffman, so that one block serves every call.
 *
 * Left out: server push (forbidden by SETTINGS), priorities (ignored, RFC 9113 § 5.3), frames of more than 16 KiB, requests whose header
 * block needs CONTINUATION (metadata are limited to 7 KiB), unary calls, deadlines (grpc-timeout), compression of requests, HTTP
 * proxies (CONNECT), service configuration, load balancing and name resolvers other than DNS: sessions of a room must reach one SFU.
 */

/** ms that an address has for its HTTP/2 handshake before the next one is tried beside it (RFC 8305 § 5). */
const NEXT_ADDRESS_MS = 250;

/**
 * A connection to an SFU, by whichever of its addresses answers first. An address answers when its server has sent the
 * SETTINGS of HTTP/2: a proxy or a firewall may accept TCP connections to a server that is gone.
 */
export class Http2Connection implements GrpcConnection {
  readonly #setup: ConnectionSetup;
  /** The header block of each call's request. */
  readonly #fields: Buffer;
  /** Addresses that were not tried yet. */
  #untried: Address[] = [];
  /** Those that were tried, and have neither answered nor failed. */
  readonly #attempts = new Set<Http2Transport>();
  #nextAttempt: Deadline | undefined;
  /** The one that has answered. */
  #transport: Http2Transport | undefined;
  readonly #connected: Promise<void>;
  #resolve = () => {};
  #reject = (_: RelayError) => {};
  readonly #deadline: Deadline;
  streams = 0;
  suspect = false;
  #isOver = false;

  constructor(setup: ConnectionSetup) {
    const { serverUrl, authority, metadata, method, tls, connectTimeoutMs } = setup;
    this.#setup = setup;
    this.#fields = encodeFields({
      ':method': 'POST',
      ':scheme': tls ? 'https' : 'http',
      ':path': method,
      ':authority': authority ?? (serverUrl.startsWith('unix:') ? 'localhost' : serverUrl),
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-accept-encoding': 'identity',
      'user-agent': 'sfu-relay',
    });
    if (metadata) this.#fields = Buffer.concat([this.#fields, encodeMoreFields(metadata)]);
    this.#connected = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever waits for it hears of it; nobody may wait any more.
    this.#connected.catch(() => {});
    this.#deadline = new Deadline(() => {
      this.suspect = true;
      this.#end(timedOut(setup, connectTimeoutMs));
    }, connectTimeoutMs);
    const known = knownAddress(serverUrl);
    if (known) this.#try([known]);
    else
      lookUpAddresses(serverUrl).then(
        (addresses) => this.#try(addresses),
        (error) => this.#end(unavailable(explainSocketError(setup, error))),
      );
  }

  get maxStreams(): number {
    return this.#transport?.maxStreams ?? Number.POSITIVE_INFINITY;
  }

  get isLeaving(): boolean {
    return this.#isOver || this.#transport?.isLeaving === true;
  }

  async ready(signal: CancelSignal): Promise<void> {
    if (signal.aborted) throw aborted(signal);
    if (!this.#transport || this.#isOver) await untilAborted(this.#connected, signal);
  }

  call(listener: CallListener, metadata?: SfuMetadata): GrpcCall {
    const transport = this.#transport;
    if (!transport || transport.isLeaving)
      throw unavailable(transport?.cause ?? connectionFault(this.#setup, 'the connection was closed'));
    const fields = metadata ? Buffer.concat([this.#fields, encodeMoreFields(metadata)]) : this.#fields;
    return transport.open(fields, listener);
  }

  close(): void {
    this.#end(unavailable(connectionFault(this.#setup, 'the connection was closed')));
  }

  #try(addresses: Address[]): void {
    if (this.#isOver) return;
    this.#untried = addresses;
    this.#tryNext();
  }

  #tryNext(): void {
    this.#nextAttempt?.cancel();
    const address = this.#untried.shift();
    if (!address) return;
    if (this.#untried.length > 0) this.#nextAttempt = new Deadline(() => this.#tryNext(), NEXT_ADDRESS_MS);
    const attempt: Http2Transport = new Http2Transport(address, this.#setup, {
      onReady: () => this.#answered(attempt),
      onClosed: (cause, cutCalls) => this.#closed(attempt, cause, cutCalls),
    });
    this.#attempts.add(attempt);
  }

  #answered(attempt: Http2Transport): void {
    this.#transport = attempt;
    this.#attempts.delete(attempt);
    this.#stopConnecting();
    this.#resolve();
  }

  #closed(attempt: Http2Transport, cause: Error, cutCalls: boolean): void {
    this.#attempts.delete(attempt);
    if (attempt === this.#transport) this.#end(unavailable(cause), cutCalls);
    else if (this.#transport || this.#isOver) return;
    else if (this.#untried.length > 0) this.#tryNext();
    else if (this.#attempts.size === 0) this.#end(unavailable(cause));
  }

  #stopConnecting(): void {
    this.#deadline.cancel();
    this.#nextAttempt?.cancel();
    this.#untried = [];
    for (const attempt of this.#attempts) attempt.close();
    this.#attempts.clear();
  }

  #end(error: RelayError, cutCalls = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopConnecting();
    this.#setup.onClosed(this, cutCalls);
    this.#reject(error);
    this.#transport?.close(error.cause as Error);
  }
}

function untilAborted(promise: Promise<void>, signal: CancelSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function aborted(signal: CancelSignal): RelayError {
  return new RelayError('ERR_RELAY_ABORTED', 'Cancelled.', { cause: signal.reason });
}
