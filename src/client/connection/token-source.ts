import { isText } from '../common/check.js';
import { detailOf, RelayClientError } from '../common/errors.js';
import { withTimeout } from '../common/with-timeout.js';

type TokenGetter = () => string | Promise<string>;

interface TokenSourceOptions {
  token?: string;
  getToken?: TokenGetter;
  requestTimeoutMs: number;
}

export interface TokenSource {
  /** The newest token. */
  token: string | undefined;
  /** Whether the application has `getToken`. */
  readonly isRenewable: boolean;
  /**
   * The token of the next connection, or the successor of the current one. Returns a promise only if it calls the application.
   * @throws RelayClientError `ERR_CLIENT_TOKEN`, `ERR_CLIENT_ABORTED`
   */
  next(cancel?: AbortSignal): string | undefined | Promise<string>;
}

export function tokenSource({
  token,
  getToken,
  requestTimeoutMs: timeoutMs,
}: TokenSourceOptions): TokenSource {
  let isFirst = token !== undefined;

  const ask = async (get: TokenGetter, cancel: AbortSignal | undefined) => {
    try {
      const next: unknown = await withTimeout(timeoutMs, cancel, (resolve, reject) => {
        Promise.resolve().then(get).then(resolve, reject);
      });
      if (!isText(next)) throw new TypeError(`it gave "${next && typeof next}"`);
      source.token = next;
      return next;
    } catch (cause) {
      if (cancel?.aborted) throw cause;
      const message = `getToken() gave no token: ${detailOf(cause)}`;
      throw new RelayClientError('ERR_CLIENT_TOKEN', message, { retryable: true, cause });
    }
  };

  const source: TokenSource = {
    token,
    isRenewable: getToken !== undefined,
    next(cancel) {
      const isKnown = isFirst || !getToken;
      isFirst = false;
      return isKnown ? source.token : ask(getToken, cancel);
    },
  };
  return source;
}
