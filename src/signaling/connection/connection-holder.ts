import type { Principal } from '../../access/authentication.js';
import { CloseCode } from '../../protocol/close-code.js';
import type { SfuRelay } from '../../relay/relay.js';
import { fromForwardedClient } from '../authentication/forwarded-client.js';
import { requireOwn } from '../authentication/session-ownership.js';
import type { ForwardedFrames, ForwardedOpening } from '../forwarding/forwarded-frames.js';
import { ForwardedSocket } from '../forwarding/forwarded-socket.js';
import { serveAuthenticated } from './serve-connection.js';

const NO_CLOSE_FRAME = 1006;

const held = new WeakSet<object>();

/** Lets clients of other processes attach the sessions of this one. */
export function holdConnections<P extends Principal>(relay: SfuRelay<P>): void {
  if (!relay.elsewhere || held.has(relay)) return;
  held.add(relay);
  const sockets = new Map<string, ForwardedSocket>();

  const open = ({ id, sessionId, client, options }: ForwardedOpening): boolean => {
    const session = relay.getSession(sessionId);
    if (session?.state !== 'joined') return false;
    const request = { url: '/', headers: {}, remoteAddress: client.remoteAddress };
    const authenticated = fromForwardedClient(session, client, request);
    requireOwn(relay, sessionId, authenticated, client.tokenHash);
    const socket = new ForwardedSocket(() => sockets.delete(id));
    sockets.set(id, socket);
    socket.handle = serveAuthenticated(relay, socket, authenticated, options);
    return true;
  };

  relay.elsewhere.serve({
    linkOpen: (params) => open(params as unknown as ForwardedOpening),
    linkRead: ({ id }): Promise<ForwardedFrames> | undefined => sockets.get(String(id))?.read(),
    linkFrames: ({ id, texts, isFinal }) => {
      const socket = sockets.get(String(id));
      for (const text of texts as string[]) socket?.handle?.receive(text);
      if (isFinal !== undefined) socket?.closed(isFinal ? CloseCode.Normal : NO_CLOSE_FRAME);
      return socket && true;
    },
  });
}
