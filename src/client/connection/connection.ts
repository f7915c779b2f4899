import { closeCodeOf } from '../common/close.js';
import type { RelayClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { jsonRpc, type Rpc } from './json-rpc.js';
import type { ClientSettings } from './settings.js';
import { tokenRefresh } from './token-refresh.js';

interface ConnectionOptions extends ClientSettings {
  emit: Emit;
  onNotification(method: string, params: unknown): void;
  onClose(error: RelayClientError): void;
}

/** The client's connection to the relay, and its token; where it breaks, the next one. */
export interface Connection {
  rpc: Rpc;
  authenticate(token: string): Promise<{ userId: string | null }>;
  /** The token expires soon: brings another one, if the application gives any. */
  renewToken(expiresInMs: number): void;
  /** Opens another connection: this one is closed. */
  reopen(cancel: AbortSignal): Promise<void>;
  /** Whether another connection may succeed where this one has failed. */
  isCurable(error: RelayClientError): boolean;
  close(): void;
}

export function connection(socket: WebSocket, options: ConnectionOptions): Connection {
  const { tokens, emit } = options;
  const refresh = tokenRefresh(async () => {
    const { rpc } = current;
    const token = await tokens.next();
    if (token !== undefined && rpc.isOpen) await rpc.request('authenticate', { token });
  }, emit);
  const speak = (opened: WebSocket) =>
    jsonRpc(opened, {
      ...options,
      onError: (error) => emit('error', error),
      onClose(error) {
        refresh.stop();
        options.onClose(error);
      },
    });

  const current: Connection = {
    rpc: speak(socket),
    async authenticate(token) {
      const result = await current.rpc.request('authenticate', { token });
      tokens.token = token;
      return result;
    },
    renewToken(expiresInMs) {
      if (tokens.isRenewable) refresh.begin(expiresInMs);
    },
    async reopen(cancel) {
      await options.dial?.(async (opened, unsaid) => {
        current.rpc = speak(opened);
        if (unsaid !== undefined) await current.authenticate(unsaid);
      }, cancel);
      cancel.throwIfAborted();
    },
    // The token may have expired while nobody could bring another one: the machine slept.
    isCurable: (error) => error.retryable || (tokens.isRenewable && closeCodeOf(error) === 4401),
    close() {
      refresh.stop();
      current.rpc.close();
    },
  };
  return current;
}
