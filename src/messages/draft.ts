import type { MessageKey } from '../backplane/backplane.js';
import { invalidParams, RelayError } from '../protocol/errors.js';
import { checkId } from '../protocol/ids.js';
import type { OutgoingMessage } from '../protocol/types.js';
import { checkOptions, type Keys } from '../util/check-options.js';
import { findKind, type ResolvedKind, type ResolvedKinds } from './message-kind.js';

/** A message after the synchronous checks, before its schema and the hook. */
export interface Draft {
  readonly kind: ResolvedKind;
  readonly data: unknown;
  readonly to: string | undefined;
  readonly id: string | undefined;
}

/** Identifies a message with an `id`. */
export function keyOf({ kind, id }: Draft, userId = ''): MessageKey {
  return [userId, `${kind.name} ${id}`];
}

const KEYS: Keys<OutgoingMessage> = { kind: true, data: true, to: true, id: true };

/**
 * Checks a message that the application has passed to `name`.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function checkDraft(name: string, message: unknown): void {
  const example = `${name}({ kind: "chat", data: { text } })`;
  checkOptions({ name: `${name}()`, example, code: 'ERR_RELAY_INVALID_PARAMS' }, message, KEYS);
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_TOO_LARGE` */
export function readDraft(kinds: ResolvedKinds, message: OutgoingMessage): Draft {
  const kind = findKind(kinds, message.kind);
  const { data, to, id } = message;
  if (to !== undefined) checkId(to, 'to');
  if (id !== undefined) checkId(id, 'id');
  else if (kind.requireId)
    throw invalidParams(`A "${kind.name}" needs an "id" of yours, so that it is not carried out twice.`);
  if (to !== undefined && kind.tally)
    throw invalidParams(`A "${kind.name}" is for the whole room: leave "to" out.`);
  if (data === undefined && !kind.schema) throw invalidParams('"data" is missing.');
  checkSize(kind, data);
  return { kind, data, to, id };
}

/** A message that is too long is refused; only a frame that is too long closes the connection. */
function checkSize({ name, maxDataBytes }: ResolvedKind, data: unknown): void {
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch (cause) {
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"data" can\'t be written as JSON: too deep.', {
      cause,
    });
  }
  const length = json?.length ?? 0;
  if (length > maxDataBytes || (length * 3 > maxDataBytes && Buffer.byteLength(json ?? '') > maxDataBytes))
    throw new RelayError(
      'ERR_RELAY_TOO_LARGE',
      `The "data" of a "${name}" is longer than ${maxDataBytes} bytes.`,
    );
}

/** Changed data goes to every member: a failure to encode it has to show here. */
export function checkJson(kind: string, data: unknown): void {
  if (JSON.stringify(data) === undefined)
    throw new TypeError(`the schema or onMessage has returned data for a "${kind}" that is not JSON`);
}
