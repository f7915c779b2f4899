import { RelayClientError } from './errors.js';
import { isString } from './wire-forms.js';

export const wrong = (message: string) => new RelayClientError('ERR_CLIENT_ARGUMENT', message);
export const isText = (value: unknown): value is string => isString(value) && value !== '';

/** @throws RelayClientError `ERR_CLIENT_ARGUMENT`, whose message has the correct call */
export function check(isRight: unknown, example: string): void {
  if (!isRight) throw wrong(`Wrong call: write ${example}.`);
}
