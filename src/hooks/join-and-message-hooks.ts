import type { Principal } from '../access/authentication.js';
import type { ModeratedMessage } from '../messages/room-messages.js';
import type { Metadata } from '../protocol/types.js';
import { isMetadata } from '../room/participant-update.js';
import type { Session } from '../session/session.js';
import type { CancelSignal } from '../util/cancellation.js';
import { andThen } from '../util/is-promise.js';
import { isRecord } from '../util/is-record.js';
import type { HookRunner } from './hook-runner.js';

/** Asks the room's moderation and `onJoin` whether a session may join; returns its metadata. */
export function mayJoin<P extends Principal>(
  hooks: HookRunner<P>,
  session: Session<P>,
  metadata: Metadata | undefined,
  until: CancelSignal,
): Metadata | undefined | Promise<Metadata | undefined> {
  const ask = () => {
    const { id: sessionId, roomId, userId, role, principal, replaces } = session;
    const join = { sessionId, roomId, userId, role, metadata, principal, replaces };
    return hooks.ask('onJoin', join, isJoinAnswer, until);
  };
  const chosen = (answer: { metadata?: Metadata } | undefined) => answer?.metadata ?? metadata;
  const admitted = session.room.moderation.admit(session);
  return andThen(admitted ? admitted.then(ask) : ask(), chosen);
}

/** Asks `onMessage` about a message to the room; returns the data to deliver. */
export function maySend<P extends Principal>(
  hooks: HookRunner<P>,
  session: Session<P>,
  message: ModeratedMessage,
  recheck: (data: unknown) => unknown,
): unknown {
  const asked = hooks.ask('onMessage', { session, ...message }, isJson);
  const pass = (data: unknown) => (data === undefined ? message.data : recheck(data));
  return andThen(asked, pass);
}

function isJson(answer: unknown): answer is unknown {
  return ['object', 'string', 'number', 'boolean'].includes(typeof answer);
}

function isJoinAnswer(answer: unknown): answer is { metadata?: Metadata } {
  if (!isRecord(answer)) return false;
  const { metadata } = answer;
  return metadata === undefined || isMetadata(metadata);
}
