import { once } from 'node:events';
import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { framed } from './recorded-call.js';

/** A server that says again what it hears, and ends a call as its message `end N` wishes, or when it is half-closed. */
export interface EchoServer {
  address: string;
  /** Of each call. */
  requests: Readonly<Record<string, unknown>>[];
  /** Calls that the client has cancelled. */
  cancelled: number;
  /** Takes no further calls; resolves when those that it has are over. */
  goAway(): Promise<void>;
  close(): Promise<void>;
}

/** By grpc-js, which many use. */
export async function startGrpcJsServer(): Promise<EchoServer> {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  const pass = (bytes: Buffer) => bytes;
  const requests: EchoServer['requests'] = [];
  let cancelled = 0;
  const echo = (call: ServerDuplexStream<Buffer, Buffer>) => {
    requests.push(call.metadata.getMap());
    call.on('cancelled', () => {
      cancelled += 1;
    });
    call.on('error', () => {});
    call.on('data', (message: Buffer) => {
      const [, code] = /^end (\d+)$/.exec(message.subarray(0, 20).toString()) ?? [];
      if (code === undefined) call.write(message);
      else if (Number(code) === status.OK) call.end();
      else call.emit('error', { code: Number(code), details: 'as wished: ä' });
    });
    call.on('end', () => call.end());
  };
  const signal = { path: '/rtc.RTC/Signal', requestStream: true, responseStream: true };
  const codec = {
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
  server.addService({ signal: { ...signal, ...codec } }, { signal: echo });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    requests,
    get cancelled() {
      return cancelled;
    },
    goAway: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    close: async () => server.forceShutdown(),
  };
}

/** By node:http2 itself, which looks closely at what a client says. */
export async function startNodeHttp2Server(): Promise<EchoServer> {
  const server = createServer({ settings: { initialWindowSize: 20_000, headerTableSize: 0 } });
  const sessions = new Set<ServerHttp2Session>();
  const requests: IncomingHttpHeaders[] = [];
  let cancelled = 0;
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    requests.push(headers);
    let end = ['0', ''];
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': end[0], 'grpc-message': end[1] }));
    stream.on('error', () => {});
    stream.on('aborted', () => {
      if (stream.rstCode === constants.NGHTTP2_CANCEL) cancelled += 1;
    });
    let rest: Buffer = Buffer.alloc(0);
    stream.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const message = rest.subarray(5, 5 + rest.readUInt32BE(1));
        rest = rest.subarray(5 + message.length);
        const [, code] = /^end (\d+)$/.exec(message.subarray(0, 20).toString()) ?? [];
        if (code === undefined) stream.write(framed(message));
        else {
          end = [code, 'as wished: %C3%A4'];
          stream.end();
        }
      }
    });
    stream.on('end', () => stream.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gone = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get cancelled() {
      return cancelled;
    },
    goAway() {
      const over = gone();
      for (const session of sessions) session.close();
      return over;
    },
    async close() {
      const over = gone();
      for (const session of sessions) session.destroy();
      await over;
    },
  };
}
