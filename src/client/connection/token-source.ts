import { detailOf, RelayClientError } from '../common/errors.js';
import { withTimeout } from '../common/with-timeout.js';

type GetToken = () => string | Promise<string>;

interface Setup {
  token?: string;
  getToken?: GetToken;
  requestTimeoutMs: number;
}

export interface TokenSource {
  /** The newest token that is known. */
  token: string | undefined;
  /** Whether there can be another one. */
  readonly isRenewable: boolean;
  /**
   * The token of the next connection, or the one that follows this; a promise only where the application is asked.
   * @throws RelayClientError `ERR_CLIENT_TOKEN`, `ERR_CLIENT_ABORTED`
   */
  next(cancel?: AbortSignal): string | undefined | Promise<string>;
}

export function tokenSource({ token, getToken, requestTimeoutMs: timeoutMs }: Setup): TokenSource {
  let isFirst = token !== undefined;

  const ask = async (get: GetToken, cancel: AbortSignal | undefined) => {
    const late = () => new Error(`not within ${timeoutMs} ms`);
    try {
      const next: unknown = await withTimeout({ timeoutMs, late, cancel }, (resolve, reject) => {
        Promise.resolve().then(get).then(resolve, reject);
      });
      if (typeof next !== 'string' || next === '')
        throw new TypeError(`it gave ${next === '' ? '""' : typeof next}`);
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
