import type { ClientHttp2Session } from 'node:http2';
import type { Client } from '@grpc/grpc-js';

export type GrpcJs = typeof import('@grpc/grpc-js');

let loading: Promise<GrpcJs> | undefined;

/** Loaded by the first connection that wants it: it takes 70 ms, and memory. */
export function loadGrpcJs(): Promise<GrpcJs> {
  loading ??= import('@grpc/grpc-js');
  return loading;
}

/** Private parts of grpc-js, as of 1.14. */
interface Internals {
  internalChannel?: { wrappedSubchannels?: Iterable<Wrapped> };
}
interface Wrapped {
  getRealSubchannel?(): { transport?: { session?: ClientHttp2Session } | null };
}

/**
 * The HTTP/2 session of a client that is connected. grpc-js does not show it, nor what only the session has: how many streams the
 * server takes, what its GOAWAY says, and a way to ping after that. So its private parts are read, and package.json has the
 * minor version that has them. In a version that has not, `unknown`: then the limit is not known, and nothing is pinged.
 * Undefined where it is lost already.
 */
export function sessionOf(client: Client): ClientHttp2Session | 'unknown' | undefined {
  const { internalChannel } = client.getChannel() as Internals;
  let isKnown = false;
  for (const wrapped of internalChannel?.wrappedSubchannels ?? []) {
    const { transport } = wrapped.getRealSubchannel?.() ?? {};
    if (transport?.session) return transport.session;
    isKnown ||= transport === null;
  }
  return isKnown ? undefined : 'unknown';
}
