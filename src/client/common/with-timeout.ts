import { aborted } from './errors.js';

/**
 * As `new Promise(executor)`, but rejects after `timeoutMs`, and with `ERR_CLIENT_ABORTED` when `cancel` aborts. If `cancel` has
 * aborted already, the executor is not called.
 */
export function withTimeout<Result>(
  timeoutMs: number,
  cancel: AbortSignal | undefined,
  executor: (
    resolve: (result: Result | PromiseLike<Result>) => void,
    reject: (reason: unknown) => void,
  ) => void,
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout>;
  let abort: () => void;
  return new Promise<Result>((resolve, reject) => {
    abort = () => reject(aborted(cancel));
    if (cancel?.aborted) return abort();
    cancel?.addEventListener('abort', abort);
    timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms`)), timeoutMs);
    executor(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    cancel?.removeEventListener('abort', abort);
  });
}
