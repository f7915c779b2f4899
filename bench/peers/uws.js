/** uWebSockets.js in front, grpc-js behind, and nothing in between. */
import uWS from 'uWebSockets.js';
import { started } from '../servers/started.js';
import { closeAll, forward, makeClient } from './forward.js';

const [sfu, rtc] = process.argv.slice(2);
const client = makeClient(await import(rtc), sfu);
const sockets = new Set();
const close = closeAll(sockets, (ws) => ws.end(1001));
uWS
  .App()
  .ws('/rtc', {
    compression: uWS.DISABLED,
    maxPayloadLength: 512 * 1024,
    sendPingsAutomatically: false,
    idleTimeout: 0,
    upgrade(response, request, context) {
      response.upgrade(
        { isOpen: true },
        request.getHeader('sec-websocket-key'),
        'sfu-relay.v1',
        request.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open(ws) {
      sockets.add(ws);
      const data = ws.getUserData();
      Object.assign(
        data,
        forward(client, (text) => data.isOpen && ws.send(text)),
      );
    },
    message: (ws, message) => ws.getUserData().receive(Buffer.from(message).toString()),
    close(ws) {
      sockets.delete(ws);
      const data = ws.getUserData();
      data.isOpen = false;
      data.closed();
    },
  })
  .listen('127.0.0.1', 0, (socket) => started(uWS.us_socket_local_port(socket), close));
