import { RelayClientError } from './errors.js';
import { isString } from './wire-forms.js';

export const wrong = (message: string) => new RelayClientError('ERR_CLIENT_ARGUMENT', message);
export const isText = (value: unknown) => isString(value) && value !== '';

/** A wrong call is refused with the right one. */
export function check(isRight: unknown, example: string, hint = ''): void {
  if (!isRight) throw wrong(`Wrong call: write ${example}.${hint}`);
}
