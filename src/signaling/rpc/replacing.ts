import type { Principal } from '../../access/authentication.js';
import { hashOfSessionToken, isSessionToken } from '../../access/session-token.js';
import { RelayError } from '../../protocol/errors.js';
import { requireId } from '../../protocol/ids.js';
import type { JoinParams } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import { Takeover } from '../../session/takeover.js';
import { isRecord } from '../../util/is-record.js';
import { type AuthenticatedClient, mayBeSameUser } from '../authentication/authenticated-client.js';
import { provesOwnership } from '../authentication/session-ownership.js';

export type Replaces = NonNullable<JoinParams['replaces']>;

/** The names of its members: those of HTTP are others. */
interface Names {
  id: string;
  token: string;
}

const WIRE: Names = { id: 'sessionId', token: 'sessionToken' };

/**
 * The shape of `replaces`; undefined where there is none.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function readReplaces(replaces: unknown, names = WIRE): Replaces | undefined {
  if (replaces === undefined) return undefined;
  const { [names.id]: sessionId, [names.token]: sessionToken } = isRecord(replaces) ? replaces : {};
  if (typeof sessionToken !== 'string')
    throw new RelayError(
      'ERR_RELAY_INVALID_PARAMS',
      `"replaces" must be {${names.id}, ${names.token}}, both from the join of the session to replace.`,
    );
  return { sessionId: requireId(sessionId, names.id, 'the session to replace'), sessionToken };
}

/**
 * What a join takes the place of. A session that has ended is no fault. Where its client has joined since and not heard
 * of it, as the answer was lost, that session is replaced, too: it knows what it was created to replace.
 * @param userId who joins
 * @throws RelayError `ERR_RELAY_FORBIDDEN`: it lives, and is not proven to be the client's own; `ERR_RELAY_REPLACED`: a
 * newer connection of the client was faster
 */
export function takeoverBy<P extends Principal>(
  relay: SfuRelay<P>,
  client: AuthenticatedClient<P>,
  userId: string,
  { sessionId, sessionToken }: Replaces,
): Takeover<Session<P>> {
  const sessions: Session<P>[] = [];
  const named = relay.getSession(sessionId);
  if (named && provesOwnership(named, client, sessionToken)) sessions.push(named);
  else if (named && named.state !== 'closing')
    throw new RelayError(
      'ERR_RELAY_FORBIDDEN',
      'The session of "replaces" is not proven to be yours: bring the session token that its own join has given, as the same ' +
        'user. Leave "replaces" out to join beside it.',
    );
  // Where nobody names the users, its heir may have called itself another one.
  const heirs = named?.heir ? [named.heir] : [];
  for (const session of new Set([...heirs, ...relay.sessionsOfUser(userId)])) {
    const { predecessor } = session;
    if (predecessor?.sessionId !== sessionId || !mayBeSameUser(predecessor.clientKey, client.key)) continue;
    if (!isSessionToken(sessionToken, predecessor.tokenHash)) continue;
    if (predecessor.connectedAt > client.since)
      throw new RelayError('ERR_RELAY_REPLACED', 'A newer connection has replaced the session already.');
    sessions.push(session);
  }
  return new Takeover(
    {
      sessionId,
      tokenHash: hashOfSessionToken(sessionToken),
      clientKey: client.key,
      connectedAt: client.since,
    },
    sessions,
  );
}
