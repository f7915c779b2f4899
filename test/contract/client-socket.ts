import { WebSocket } from 'ws';

/** How a connection ended, as its client saw it. */
export interface Closed {
  code: number;
  reason: string;
}

/** The client's end of a WebSocket of any transport. */
export interface ClientSocket {
  readonly opened: Promise<void>;
  readonly closed: Promise<Closed>;
  /** The negotiated subprotocol. */
  readonly protocol: string;
  onText(listener: (text: string) => void): void;
  onPing(listener: () => void): void;
  send(data: string | Uint8Array): void;
  close(code: number): void;
  /** Vanishes without a closing handshake. */
  terminate(): void;
  /** Reads nothing more, and so answers no ping. */
  pause(): void;
  resume(): void;
}

export type Connect = (protocols: string[], headers: Record<string, string>, query: string) => ClientSocket;

/** By ws, to a server that listens. */
export function overWebSocket(url: string): Connect {
  return (protocols, headers, query) => {
    const ws = new WebSocket(url + query, protocols, { headers });
    const opened = new Promise<void>((resolve, reject) => {
      ws.once('open', resolve);
      ws.on('error', reject);
    });
    opened.catch(() => {});
    return {
      opened,
      closed: new Promise((resolve) => {
        ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
      }),
      get protocol() {
        return ws.protocol;
      },
      onText: (listener) => void ws.on('message', (data) => listener(data.toString())),
      onPing: (listener) => void ws.on('ping', listener),
      send: (data) => ws.send(data, { binary: typeof data !== 'string' }),
      close: (code) => ws.close(code),
      terminate: () => ws.terminate(),
      pause: () => ws.pause(),
      resume: () => ws.resume(),
    };
  };
}
