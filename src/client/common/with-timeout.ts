import { aborted } from './errors.js';

interface Limits {
  timeoutMs: number;
  /** The error of a timeout. */
  late(): Error;
  cancel: AbortSignal | undefined;
}

/**
 * As `new Promise(executor)`, rejected also after `timeoutMs` and with `ERR_CLIENT_ABORTED` when `cancel` aborts; which may
 * be before the executor is called.
 */
export function withTimeout<Result>(
  { timeoutMs, late, cancel }: Limits,
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
    timer = setTimeout(() => reject(late()), timeoutMs);
    executor(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    cancel?.removeEventListener('abort', abort);
  });
}
