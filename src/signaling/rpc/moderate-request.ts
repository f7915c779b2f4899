import type { Principal } from '../../access/authentication.js';
import type { BanOptions } from '../../backplane/ban-store.js';
import { invalidParams, RelayError } from '../../protocol/errors.js';
import type { ModerateParams } from '../../protocol/messages.js';
import type { LiveGrants, MuteTarget } from '../../protocol/types.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Room } from '../../room/room.js';
import type { Session } from '../../session/session.js';

type Params = Readonly<Record<string, unknown>>;
type Action = ModerateParams['action'];

/** A session that may moderate. */
type Moderator = Pick<Session, 'id' | 'userId' | 'tracks'>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isKind = (value: unknown) => value === 'audio' || value === 'video';
const isAnything = () => true;

const USER = { userId: isText };
const MUTED = { trackId: isText, userId: isText, kind: isKind };

/** The members that each action takes. The room and the relay check their values further. */
const MEMBERS: Record<Action, Record<string, (value: unknown) => boolean>> = {
  kick: { ...USER, reason: isText },
  ban: { ...USER, reason: isText, durationMs: isAnything },
  unban: USER,
  mute: MUTED,
  unmute: MUTED,
  lock: {},
  unlock: {},
  end: { reason: isText },
  updateGrants: { sessionId: isText, grants: isAnything },
  deleteMessage: { messageId: isText },
};

/**
 * Executes `moderate` for a client with the grant `roomAdmin`, in its own room. Moderators cannot act on moderators, nor
 * make new ones: only the application can.
 * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_SESSION_NOT_FOUND`
 */
export async function moderate<P extends Principal>(
  relay: SfuRelay<P>,
  { id, room, grants }: Session<P>,
  params: Params,
): Promise<void> {
  if (grants.roomAdmin !== true) throw forbidden('Only moderators may do that.');
  const { action, ...members } = params;
  checkMembers(action, members);
  const { userId, reason, sessionId } = members as { userId: string; reason?: string; sessionId: string };
  const spareModerators = (isMeant: (moderator: Moderator) => boolean) => {
    for (const moderator of moderatorsOf(relay, room))
      if (isMeant(moderator)) throw forbidden('A moderator can be moderated by the application only.');
  };
  const spareUser = () => spareModerators((session) => session.userId === userId);
  const reasons = reason === undefined ? {} : { reason };
  const duration = 'durationMs' in members ? { durationMs: members.durationMs } : {};
  switch (action) {
    case 'kick':
      spareUser();
      return room.kick(userId, reasons);
    case 'ban':
      spareUser();
      return room.ban(userId, { ...reasons, ...duration } as BanOptions);
    case 'unban':
      return room.unban(userId);
    case 'mute': {
      const target = muteTarget(members);
      spareModerators((session) =>
        'trackId' in target
          ? session.tracks.some(({ trackId }) => trackId === target.trackId)
          : session.userId === target.userId,
      );
      return room.mute(target);
    }
    case 'unmute':
      return room.unmute(muteTarget(members));
    case 'lock':
      return room.lock();
    case 'unlock':
      return room.unlock();
    case 'end':
      // The moderator's own connection ends, too: respond before that, but not before `reason` was checked.
      return Promise.race([room.end(reasons), undefined]);
    case 'updateGrants': {
      if (relay.getSession(sessionId)?.room !== room && room.members.anyUserOf(sessionId) === undefined)
        throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session in this room.');
      spareModerators((session) => session.id === sessionId || sessionId === id);
      if ('roomAdmin' in Object(members.grants))
        throw forbidden('Moderators are made by the application only.');
      return relay.updateGrants(sessionId, members.grants as LiveGrants);
    }
    case 'deleteMessage':
      return room.deleteMessage(String(members.messageId));
  }
}

/** Joining moderators are sessions of this relay; those of other processes are members of the room. */
function* moderatorsOf<P extends Principal>(relay: SfuRelay<P>, room: Room): Generator<Moderator> {
  for (const session of relay.sessions.values())
    if (session.room === room && session.grants.roomAdmin === true) yield session;
  for (const { session, userId, tracks } of room.members.moderators) yield { id: session.id, userId, tracks };
}

function checkMembers(action: unknown, members: Params): asserts action is Action {
  const known = isText(action) && Object.hasOwn(MEMBERS, action) ? MEMBERS[action as Action] : undefined;
  if (!known) throw invalidParams(`"action" must be one of ${Object.keys(MEMBERS).join(', ')}.`);
  for (const [name, value] of Object.entries(members)) {
    if (!Object.hasOwn(known, name) || !known[name]?.(value))
      throw invalidParams(`"${action}" takes no such "${name.slice(0, 64)}".`);
  }
  for (const name of ['userId', 'sessionId', 'grants', 'messageId']) {
    if (name in known && !('kind' in known) && !(name in members))
      throw invalidParams(`"${action}" wants "${name}".`);
  }
}

function muteTarget({ trackId, userId, kind }: Params): MuteTarget {
  if ((trackId === undefined) === (userId === undefined) || (trackId !== undefined && kind !== undefined))
    throw invalidParams('Name either a "trackId", or a "userId" and, if you like, a "kind".');
  if (trackId !== undefined) return { trackId: trackId as string };
  return { userId: userId as string, ...(kind !== undefined && { kind: kind as 'audio' }) };
}

function forbidden(message: string): RelayError {
  return new RelayError('ERR_RELAY_FORBIDDEN', message);
}
