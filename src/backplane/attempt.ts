import { setTimeout as sleep } from 'node:timers/promises';
import { RelayError } from '../protocol/errors.js';
import { isPromise } from '../util/is-promise.js';
import type { Backplane, MaybePromise } from './backplane.js';

const MAX_ATTEMPTS = 6;
const FIRST_DELAY_MS = 20;

const never = () => false;

/**
 * Asks a backplane again where it fails. What is asked has to be the same however often it is.
 * @param isOver whether it is not asked again
 * @throws RelayError that of the backplane, or `ERR_RELAY_UNAVAILABLE`, which is retryable; at once only where `act` does
 */
export function attempt<Result>(
  act: () => MaybePromise<Result>,
  isOver: () => boolean = never,
): MaybePromise<Result> {
  const first = act();
  return isPromise(first) ? again(Promise.resolve(first), act, isOver) : first;
}

async function again<Result>(
  first: Promise<Result>,
  act: () => MaybePromise<Result>,
  isOver: () => boolean,
): Promise<Result> {
  let pending = first;
  for (let n = 1; ; n += 1) {
    try {
      return await pending;
    } catch (error) {
      if (error instanceof RelayError && !error.retryable) throw error;
      if (n === MAX_ATTEMPTS || isOver()) throw unavailable(error);
      await sleep(FIRST_DELAY_MS * 2 ** (n - 1));
      pending = Promise.resolve().then(act);
    }
  }
}

/** The exact counts of a backplane, which is asked again where it fails. */
export function steadyCounts(backplane: Backplane): Pick<Backplane, 'reserve' | 'release'> {
  return {
    reserve: (scope, id, max) => attempt(() => backplane.reserve(scope, id, max)),
    release: (scope, id) => backplane.release(scope, id),
  };
}

export function unavailable(cause: unknown): RelayError {
  return new RelayError('ERR_RELAY_UNAVAILABLE', "The room can't be reached at the moment.", { cause });
}

export function isUnavailable(error: unknown): boolean {
  return RelayError.from(error).code === 'ERR_RELAY_UNAVAILABLE';
}
