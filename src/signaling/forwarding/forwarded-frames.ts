import type { ForwardedClient } from '../authentication/forwarded-client.js';
import type { ResolvedConnectionOptions } from '../options.js';

/** A connection of another process whose client attaches a session of this one. JSON. */
export interface ForwardedOpening {
  /** Of the connection. */
  readonly id: string;
  readonly sessionId: string;
  readonly client: ForwardedClient;
  readonly options: ResolvedConnectionOptions;
}

/** Frames for the client, in their order; then perhaps the end of its connection. JSON. */
export interface ForwardedFrames {
  readonly texts: readonly string[];
  readonly close?: { readonly code: number; readonly reason: string };
}
