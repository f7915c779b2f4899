import type { Principal } from '../../access/authentication.js';
import { hashOfSessionToken, isSessionToken } from '../../access/session-token.js';
import { invalidParams, RelayError } from '../../protocol/errors.js';
import { requireId } from '../../protocol/ids.js';
import type { JoinParams } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import { Takeover } from '../../session/peer/takeover.js';
import type { Session } from '../../session/session.js';
import { isRecord } from '../../util/is-record.js';
import { type AuthenticatedClient, mayBeSameUser } from '../authentication/authenticated-client.js';
import { provesOwnership } from '../authentication/session-ownership.js';

export type Replaces = NonNullable<JoinParams['replaces']>;

/** The names of the members, which differ between the wire and HTTP. */
interface MemberNames {
  id: string;
  token: string;
}

const WIRE_NAMES: MemberNames = { id: 'sessionId', token: 'sessionToken' };

/**
 * Reads `replaces`, which is optional.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function readReplaces(replaces: unknown, names = WIRE_NAMES): Replaces | undefined {
  if (replaces === undefined) return undefined;
  const { [names.id]: sessionId, [names.token]: sessionToken } = isRecord(replaces) ? replaces : {};
  if (typeof sessionToken !== 'string')
    throw invalidParams(
      `"replaces" must be {${names.id}, ${names.token}}, both from the join of the session to replace.`,
    );
  return { sessionId: requireId(sessionId, names.id, 'the session to replace'), sessionToken };
}

/**
 * Finds the sessions that a join replaces. The named session may have ended. If the client has joined since, but the
 * answer was lost, it names its old session again: the session that was created to replace that one is replaced, too.
 * @param userId the joining user
 * @throws RelayError `ERR_RELAY_FORBIDDEN`: the named session lives, and the client does not prove that it is its own;
 * `ERR_RELAY_REPLACED`: a newer connection of the client has replaced it
 */
export async function takeoverBy<P extends Principal>(
  relay: SfuRelay<P>,
  client: AuthenticatedClient<P>,
  userId: string,
  { sessionId, sessionToken }: Replaces,
): Promise<Takeover<Session<P>>> {
  const hash = hashOfSessionToken(sessionToken);
  const isHere = relay.getSession(sessionId) !== undefined;
  const elsewhere = isHere
    ? undefined
    : await relay.elsewhere?.replaceable({ sessionId, userId: client.userId, hash });
  if (elsewhere === 'foreign') throw notProven();

  const sessions: Session<P>[] = [];
  const named = relay.getSession(sessionId);
  if (named && provesOwnership(named, client, sessionToken)) sessions.push(named);
  else if (named && named.state !== 'closing') throw notProven();
  // If clients name themselves, the named session's heir may belong to another user name.
  const heirs = named?.heir ? [named.heir] : [];
  for (const session of new Set([...heirs, ...relay.sessionsOfUser(userId)])) {
    const { predecessor } = session;
    if (predecessor?.sessionId !== sessionId || !mayBeSameUser(predecessor.clientKey, client.key)) continue;
    if (!isSessionToken(sessionToken, predecessor.tokenHash)) continue;
    if (predecessor.connectedAt > client.since)
      throw new RelayError('ERR_RELAY_REPLACED', 'A newer connection has replaced the session already.');
    sessions.push(session);
  }
  const predecessor = { sessionId, tokenHash: hash, clientKey: client.key, connectedAt: client.since };
  return new Takeover(predecessor, sessions, elsewhere);
}

function notProven(): RelayError {
  return new RelayError(
    'ERR_RELAY_FORBIDDEN',
    'The session of "replaces" is not proven to be yours: bring the session token that its own join has given, as the same ' +
      'user. Leave "replaces" out to join beside it.',
  );
}
