import type { Principal } from '../../access/authentication.js';
import type { RelayError } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import { Deadline } from '../../util/deadline.js';
import { type Owner, ownerOf } from '../authentication/session-ownership.js';

/** Of a session that has ended; the session itself, its room and its descriptions need not stay in memory for it. */
interface Ending {
  readonly owner: Owner | undefined;
  readonly error: RelayError;
}

const MAX_ENDINGS = 10_000;
const endings = new WeakMap<object, Map<string, Ending>>();

/** Remembers why a session has ended whose client was away, so that the client is told when it comes back. */
export function rememberEnding<P extends Principal>(
  relay: SfuRelay<P>,
  session: Session<P>,
  error: RelayError,
): void {
  const graceMs = relay.resumption?.graceMs ?? 0;
  const remembered = endings.get(relay) ?? new Map<string, Ending>();
  if (remembered.size >= MAX_ENDINGS) return;
  endings.set(relay, remembered);
  const { id } = session;
  remembered.set(id, { owner: ownerOf(session), error });
  new Deadline(() => remembered.delete(id), graceMs).unref();
}

/** Undefined where the session was not away, or has ended long ago. */
export function findEnding<P extends Principal>(relay: SfuRelay<P>, sessionId: string): Ending | undefined {
  return endings.get(relay)?.get(sessionId);
}

/** Of a session that is about to end: the SFU may take its time with the stream. Undefined where its client has ended it. */
export function endingOf<P extends Principal>(session: Session<P> | undefined): Ending | undefined {
  const { by, error } = session?.lifecycle.reason ?? {};
  return session && error && by !== 'client' ? { owner: ownerOf(session), error } : undefined;
}
