// @ts-check
/** The page's network to the server, which a visitor can take away for a moment to see what happens. Media goes on. */

const Socket = globalThis.WebSocket;
/** @type {Set<WebSocket>} */
const sockets = new Set();
let isDown = false;

globalThis.WebSocket = new Proxy(Socket, {
  construct(target, args) {
    if (isDown) return unconnected();
    const socket = Reflect.construct(target, args);
    sockets.add(socket);
    socket.addEventListener('close', () => sockets.delete(socket));
    return socket;
  },
});

/** A socket without a network. @returns {any} */
function unconnected() {
  const socket = Object.assign(new EventTarget(), { readyState: Socket.CLOSED, close() {}, send() {} });
  setTimeout(() => socket.dispatchEvent(new CloseEvent('close', { code: 1006 })));
  return socket;
}

/**
 * Breaks the connections to the server, and lets none begin.
 * @param {number} forMs
 */
export function loseNetwork(forMs) {
  isDown = true;
  // Without a code, which is no leave: docs/PROTOCOL.md, Resumption.
  for (const socket of sockets) socket.close();
  setTimeout(() => {
    isDown = false;
    dispatchEvent(new Event('online'));
  }, forMs);
}
