import type { TlsOptions } from 'node:tls';
import { afterEach, expect } from 'vitest';
import type { CallListener, ConnectionSetup, GrpcConnection } from '../../../../src/grpc/grpc-connection.js';
import { Http2Connection } from '../../../../src/grpc/http2/connection.js';
import { data, headers, type settings } from './frames.js';
import { type Field, literals } from './hpack-encoder.js';
import { RawHttp2Server, type RawPeer, soon } from './raw-http2-server.js';
import { framed, RecordedCall } from './recorded-call.js';

export const RESPONSE = literals([':status', '200'], ['content-type', 'application/grpc']);

export function trailers(status: number, ...more: Field[]): Buffer {
  return literals(['grpc-status', String(status)], ...more);
}

/** Opens the response of a stream. */
export const answer = (streamId: number) => headers(streamId, RESPONSE);
/** One message in one frame. */
export const message = (streamId: number, text: string | Uint8Array) => data(streamId, framed(text));
/** Ends a stream whose response is open. */
export const finish = (streamId: number, status = 0) =>
  headers(streamId, trailers(status), { endStream: true });

interface Scene {
  server: RawHttp2Server;
  peer: RawPeer;
  connection: GrpcConnection;
}

/** The servers, connections and calls of one test. */
class Stage {
  readonly #servers: RawHttp2Server[] = [];
  readonly #connections: GrpcConnection[] = [];
  readonly #calls: RecordedCall[] = [];
  /** Connections that have said that they are over. */
  readonly closed: GrpcConnection[] = [];

  /** Connections that take no more calls. */
  get lost(): GrpcConnection[] {
    return this.#connections.filter(({ isLeaving }) => isLeaving);
  }

  async serve(tls?: TlsOptions): Promise<RawHttp2Server> {
    const server = await RawHttp2Server.listen(tls);
    this.#servers.push(server);
    return server;
  }

  connect(serverUrl: string, setup: Partial<ConnectionSetup> = {}): GrpcConnection {
    const connection = new Http2Connection({
      serverUrl,
      method: '/rtc.RTC/Signal',
      tls: undefined,
      connectTimeoutMs: 5_000,
      keepaliveTimeMs: 300_000,
      pingTimeoutMs: 20_000,
      onTooManyPings: () => {},
      onClosed: (connection) => this.closed.push(connection),
      ...setup,
    });
    this.#connections.push(connection);
    return connection;
  }

  /** A connection that stands, and the other end of it. */
  async open(
    values: Parameters<typeof settings>[0] = {},
    setup: Partial<ConnectionSetup> = {},
    tls?: TlsOptions,
  ): Promise<Scene> {
    const server = await this.serve(tls);
    const connection = this.connect(server.address, setup);
    const peer = await server.accept();
    peer.greet(values);
    await connection.ready(AbortSignal.timeout(10_000));
    return { server, peer, connection };
  }

  call(connection: GrpcConnection, heard: Partial<CallListener> = {}): RecordedCall {
    const call = new RecordedCall(connection, heard);
    this.#calls.push(call);
    return call;
  }

  /** A connection with one call on it, whose response is open. */
  async answered(values: Parameters<typeof settings>[0] = {}) {
    const scene = await this.open(values);
    const call = this.call(scene.connection);
    const streamId = await scene.peer.stream();
    scene.peer.send(answer(streamId));
    return { ...scene, call, streamId };
  }

  /** Ends everything; no connection may stay open, and no call without its one end. */
  async clear(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await soon('every call has ended', () => this.#calls.every(({ ends }) => ends.length > 0));
    const peers = this.#servers.flatMap((server) => server.peers);
    for (const { socket } of peers) socket.resume();
    await soon('every connection is closed', () => peers.every(({ closed }) => closed));
    await Promise.all(this.#servers.map((server) => server.close()));
    expect(this.#calls.filter(({ ends }) => ends.length > 1)).toEqual([]);
    expect(this.closed.length, 'each connection says once that it is over').toBe(this.#connections.length);
    expect(new Set(this.closed).size).toBe(this.closed.length);
  }
}

export function useStage(): Pick<
  Stage,
  'serve' | 'connect' | 'open' | 'call' | 'answered' | 'lost' | 'closed'
> {
  let stage = new Stage();
  afterEach(async () => {
    const over = stage;
    stage = new Stage();
    await over.clear();
  });
  return {
    serve: (tls) => stage.serve(tls),
    connect: (serverUrl, setup) => stage.connect(serverUrl, setup),
    open: (values, setup, tls) => stage.open(values, setup, tls),
    call: (connection, heard) => stage.call(connection, heard),
    answered: (values) => stage.answered(values),
    get lost() {
      return stage.lost;
    },
    get closed() {
      return stage.closed;
    },
  };
}
