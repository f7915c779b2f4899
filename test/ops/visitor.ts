import { type ClientOptions, WebSocket } from 'ws';
import { fakeOffer } from '../../src/testing/index.js';

/** A user in the room `lobby`, whose browser speaks through a proxy. */
export interface Visitor {
  /** The methods of the notifications, and at the end the close code. */
  readonly heard: (string | number)[];
}

/** Resolves when the relay has accepted the join. */
export async function visit(url: string, token: string, options: ClientOptions = {}): Promise<Visitor> {
  const heard: (string | number)[] = [];
  const socket = new WebSocket(`${url.replace('http', 'ws')}/rtc`, ['sfu-relay.v1', `bearer.${token}`], {
    ...options,
    rejectUnauthorized: false,
  });
  const offer = { type: 'offer', sdp: fakeOffer([], { dataChannel: false }) };
  const join = { jsonrpc: '2.0', id: 1, method: 'join', params: { sid: 'lobby', offer } };
  socket.on('open', () => socket.send(JSON.stringify(join)));
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => {
      heard.push(code);
      reject(new Error(`closed with ${code}`));
    });
    socket.on('message', (data) => {
      const { id, method, error } = JSON.parse(data.toString());
      if (method) heard.push(method);
      if (error) reject(new Error(error.message));
      else if (id === 1) resolve();
    });
  });
  return { heard };
}
