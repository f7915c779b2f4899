import { createSocket } from 'node:dgram';
import { connect, isIP, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { Message } from 'werift';

export type Werift = typeof import('werift');

/** A server of STUN or TURN, and how to reach it. */
export interface StunServer {
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
}

/** Sends requests to one server, and reads its responses. */
export interface StunSocket {
  /** @throws Error there is no answer in time, or the connection has failed */
  request(message: Message): Promise<Message>;
  close(): void;
}

/** No answer, or no connection; `code` is the system's. */
class StunFailure extends Error {
  override readonly name = 'StunFailure';
}

/** ms until a datagram is sent again; doubled each time (RFC 8489 § 6.2.1). */
const RETRANSMISSION_MS = 250;

/** Opens a socket to the server. @throws StunFailure */
export async function openStun(werift: Werift, server: StunServer, timeoutMs: number): Promise<StunSocket> {
  const pending = new Map<string, (response: Message) => void>();
  const receive = (data: Buffer) => {
    const response = werift.parseMessage(data);
    if (response && isResponse(werift, response)) pending.get(response.transactionIdHex)?.(response);
  };
  const wire = await (server.transport === 'udp' ? openUdp : openStream)(server, receive, timeoutMs);
  return {
    close: wire.close,
    request: (message) =>
      new Promise((resolve, reject) => {
        const id = message.transactionIdHex;
        let wait = RETRANSMISSION_MS;
        let again: NodeJS.Timeout | undefined;
        const settle = () => {
          pending.delete(id);
          clearTimeout(again);
          clearTimeout(deadline);
        };
        const deadline = setTimeout(() => {
          settle();
          reject(new StunFailure(`no answer within ${timeoutMs} ms`));
        }, timeoutMs);
        pending.set(id, (response) => {
          settle();
          resolve(response);
        });
        void wire.failed.catch((error: Error) => {
          settle();
          reject(error);
        });
        const send = () => {
          wire.send(message.bytes);
          if (server.transport !== 'udp') return;
          again = setTimeout(send, wait);
          wait *= 2;
        };
        send();
      }),
  };
}

function isResponse({ classes }: Werift, { messageClass }: Message): boolean {
  return messageClass === classes.RESPONSE || messageClass === classes.ERROR;
}

interface Wire {
  send(data: Buffer): void;
  close(): void;
  /** Rejects when the socket fails. */
  readonly failed: Promise<never>;
}

async function openUdp({ host, port }: StunServer, receive: (data: Buffer) => void): Promise<Wire> {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  socket.on('error', (error) => fail(new StunFailure(error.message)));
  socket.on('message', receive);
  let isClosed = false;
  return {
    failed,
    send(data) {
      // Errors of a host that does not exist; a firewall's refusal may be temporary.
      socket.send(data, port, host, (error) => {
        if (error && !isClosed) fail(new StunFailure(error.message));
      });
    },
    close() {
      isClosed = true;
      socket.close();
    },
  };
}

const HEADER_BYTES = 20;

async function openStream(
  server: StunServer,
  receive: (data: Buffer) => void,
  timeoutMs: number,
): Promise<Wire> {
  const { host, port, transport } = server;
  const socket: Socket =
    transport === 'tls'
      ? tlsConnect({ host, port, ...(isIP(host) === 0 && { servername: host }) })
      : connect({ host, port });
  const failed = new Promise<never>((_, reject) => {
    socket.on('error', ({ message }) => reject(new StunFailure(message)));
    socket.once('close', () => reject(new StunFailure('the connection was closed')));
    socket.setTimeout(timeoutMs, () => reject(new StunFailure(`no connection within ${timeoutMs} ms`)));
  });
  failed.catch(() => {});
  let rest = Buffer.alloc(0);
  socket.on('data', (data) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const length =
        rest.length < HEADER_BYTES ? Number.POSITIVE_INFINITY : HEADER_BYTES + rest.readUInt16BE(2);
      if (rest.length < length) return;
      receive(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
  const connected = new Promise<void>((resolve) => {
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', resolve);
  });
  try {
    await Promise.race([connected, failed]);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { failed, send: (data) => socket.write(data), close: () => socket.destroy() };
}
