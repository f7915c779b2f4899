import type { JoinResult } from '../../protocol/messages.js';
import { closeCodeOf, closed } from '../common/close.js';
import type { RelayClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { jsonRpc, type Rpc } from './json-rpc.js';
import { resumption, type SessionProof } from './resumption.js';
import type { ClientSettings } from './settings.js';
import { tokenRefresh } from './token-refresh.js';

interface RelayConnectionOptions extends ClientSettings {
  emit: Emit;
  onNotification(method: string, params: unknown): void;
  onResumed(snapshot: JoinResult | undefined): () => void;
  onClose(error: RelayClientError): void;
}

/** The client's connection to the relay, its replacements, and its token. */
export interface RelayConnection {
  rpc: Rpc;
  authenticate(token: string): Promise<{ userId: string | null }>;
  /** The token expires soon: sends another one, if the application has `getToken`. */
  renewToken(expiresInMs: number): void;
  /** Resumes this session from now on when the connection breaks, if the relay supports that. @returns its proof */
  keep(result: JoinResult): SessionProof | undefined;
  /** The session has ended. */
  forget(): void;
  /** The page ends: the next one replaces the session, which the relay keeps until then. */
  abandon(): void;
  /** The relay is going to close the connection. */
  expire(): void;
  /** The network may have changed. */
  hint(): void;
  /** Opens another connection after this one has closed. */
  reopen(cancel: AbortSignal): Promise<void>;
  /** Whether another connection may succeed after this error. */
  isCurable(error: RelayClientError): boolean;
  close(): void;
}

export function connection(socket: WebSocket, options: RelayConnectionOptions): RelayConnection {
  const { tokens, emit } = options;
  let isClosed = false;
  const refresh = tokenRefresh(async () => {
    const { rpc } = current;
    const token = await tokens.next();
    if (token !== undefined && rpc.isOpen) await rpc.authenticate(token);
  }, emit);
  const speak = (opened: WebSocket) => {
    const rpc = jsonRpc(opened, {
      ...options,
      onError: (error) => emit('error', error),
      onBreak: (error) => rpc === current.rpc && resuming.begin(rpc, error),
      onClose(error) {
        if (rpc !== current.rpc) return;
        refresh.stop();
        options.onClose(error);
      },
    });
    return rpc;
  };
  // 4401: the token may have expired while the machine slept.
  const isCurable = (error: RelayClientError) =>
    error.retryable || (tokens.isRenewable && closeCodeOf(error) === 4401);
  const resuming = resumption({
    ...options,
    speak,
    isCurable,
    onRefused(next) {
      if (isClosed) next.close();
      else current.rpc = next;
    },
  });

  const current: RelayConnection = {
    rpc: speak(socket),
    isCurable,
    async authenticate(token) {
      const { rpc } = current;
      // The next connection needs it already.
      if (!rpc.isOpen) tokens.token = token;
      const result = await rpc.authenticate(token);
      tokens.token = token;
      return result;
    },
    renewToken(expiresInMs) {
      if (tokens.isRenewable) refresh.begin(expiresInMs);
    },
    keep: (result) => resuming.keep(current.rpc, result),
    forget() {
      const { rpc } = current;
      resuming.forget();
      rpc.counts.stop();
      // Nothing waits for another socket.
      if (!rpc.isOpen) rpc.close();
    },
    abandon() {
      resuming.forget();
      current.rpc.abandon(closed(1006));
    },
    expire: resuming.expire,
    hint: resuming.hint,
    async reopen(cancel) {
      await options.dial?.((opened) => {
        current.rpc = speak(opened);
        return current;
      }, cancel);
      cancel.throwIfAborted();
    },
    close() {
      isClosed = true;
      current.rpc.close();
    },
  };
  return current;
}
