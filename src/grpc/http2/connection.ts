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
 * gRPC over HTTP/2 for one kind of call: a bidirectional stream of small messages that stays open for hours.
 *
 * Why it exists: with a general client, forwarding a candidate costs more than the rest of the relay. With @grpc/grpc-js a candidate
 * costs 1.75–2.2 times the CPU, a join 2.3–3.0 times, a session 1.7 times the memory. This client also passes more interoperability
 * cases with grpc-go, grpcio, tonic, the grpc-js server, nginx, HAProxy and Envoy. test/interop runs the same cases with both clients;
 * the table is in docs/GRPC.md.
 *
 * How to switch: `sfu: { client: 'grpc-js' }`. Both clients implement ../grpc-connection.ts, which the rest of the relay uses.
 *
 * The files, from the outside in:
 *   connection.ts     one connection of the pool: uses the first of a name's addresses that speaks HTTP/2
 *   addresses.ts      targets: host:port, unix:path
 *   transport.ts      one socket: preface, SETTINGS, keep-alive pings, end
 *   multiplexer.ts    frames to calls; GOAWAY, PING, SETTINGS, receive windows
 *   call.ts           one stream: messages, status
 *   flow-control.ts   send windows
 *   message-reader.ts compression.ts   gRPC's length-prefixed messages
 *   frame-reader.ts frame-writer.ts unit-reader.ts frames.ts settings.ts header-blocks.ts   bytes
 *   hpack/            header fields
 *
 * Implemented of RFC 9113: all frame types are read and checked as required of a receiver (lengths, stream states, window limits; a
 * violation ends the stream or the connection with the RFC's code). Flow control in both directions. CONTINUATION, padding.
 * SETTINGS_MAX_CONCURRENT_STREAMS (the pool opens further connections); INITIAL_WINDOW_SIZE, also while streams are open. GOAWAY and
 * REFUSED_STREAM: streams that the server has not processed end with `unprocessed`, and the caller repeats them. Replies to PING and
 * SETTINGS, limited for a server that does not read. Of gRPC's PROTOCOL-HTTP2: status in trailers or in headers alone,
 * percent-encoded messages, HTTP status if there is no gRPC status, reset codes, gzip and deflate from servers that compress without
 * being asked, metadata, keep-alive (A8) with back-off after too_many_pings.
 *
 * Implemented of RFC 7541: the complete decoder (static and dynamic table, resizing, Huffman), with limits. The encoder writes only
 * literals, without a table and without Huffman, so that all calls can use the same block.
 *
 * Not implemented: server push (forbidden by SETTINGS), priorities (ignored, RFC 9113 § 5.3), frames of more than 16 KiB, requests whose header
 * block needs CONTINUATION (metadata are limited to 7 KiB), unary calls, deadlines (grpc-timeout), compression of requests, HTTP
 * proxies (CONNECT), service configuration, load balancing and name resolvers other than DNS: sessions of a room must reach one SFU.
 */

/** ms that an address has for its HTTP/2 handshake before the next one is tried in parallel (RFC 8305 § 5). */
const NEXT_ADDRESS_MS = 250;

/**
 * A connection to an SFU, by the address that answers first. An address has answered when its server has sent HTTP/2 SETTINGS: proxies
 * and firewalls may accept TCP connections for a server that is down.
 */
export class Http2Connection implements GrpcConnection {
  readonly #setup: ConnectionSetup;
  /** The header block of each call's request. */
  readonly #fields: Buffer;
  /** Addresses that are not tried yet. */
  #untried: Address[] = [];
  /** Attempts that have neither succeeded nor failed. */
  readonly #attempts = new Set<Http2Transport>();
  #nextAttempt: Deadline | undefined;
  /** The attempt that succeeded. */
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
    // Callers of `ready` get the error. Without callers it must not be an unhandled rejection.
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
