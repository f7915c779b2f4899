import type { ClientHttp2Session } from 'node:http2';
import type { Client } from '@grpc/grpc-js';

export type GrpcJs = typeof import('@grpc/grpc-js');

let loading: Promise<GrpcJs> | undefined;

/** Loaded by the first connection that needs it, because loading takes 70 ms and memory. */
export function loadGrpcJs(): Promise<GrpcJs> {
  loading ??= import('@grpc/grpc-js');
  return loading;
}

/** Private members of grpc-js 1.14. */
interface Internals {
  internalChannel?: { wrappedSubchannels?: Iterable<Wrapped> };
}
interface Wrapped {
  getRealSubchannel?(): { transport?: { session?: ClientHttp2Session } | null };
}

/**
 * The HTTP/2 session of a connected client. grpc-js does not export it, but only the session has the server's limit of streams, the
 * content of its GOAWAY, and a way to ping afterwards. So this reads private members, and package.json fixes the minor version that
 * has them. Returns `unknown` in a version without them: then the limit is unknown, and no pings are sent. Undefined if the session
 * is already lost.
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
