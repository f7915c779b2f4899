import { randomUUID } from 'node:crypto';
import { type Principal, userIdOf } from '../../access/authentication.js';
import { invalidParams } from '../../protocol/errors.js';
import { checkId, requireId } from '../../protocol/ids.js';
import type { Metadata } from '../../protocol/types.js';
import type { CreateSessionParams } from '../../relay/session-params.js';
import { isRecord } from '../../util/is-record.js';
import { readReplaces } from './takeover-request.js';

type Params = Readonly<Record<string, unknown>>;

/** Checks the shape of a `join`; the rest is checked when the session is created. @throws RelayError */
export function checkJoinShape({ offer, config = {}, replaces }: Params): void {
  if (!isRecord(offer) || offer.type !== 'offer')
    throw invalidParams('"offer" must be a description {type: "offer", sdp}.');
  if (!isRecord(config)) throw invalidParams('"config" must be an object.');
  readReplaces(replaces);
}

/** Turns the params of `join` into those of a session, without unknown members. @throws RelayError */
export function readJoinParams<P extends Principal>(params: Params, principal: P): CreateSessionParams<P> {
  checkJoinShape(params);
  const { sid, uid, role, metadata } = params;
  const { sdp } = params.offer as { sdp: unknown };
  const config = (params.config ?? {}) as Params;
  const isOn = (flag: string) => config[flag] === true || config[flag] === 'true';
  const wanted = isOn('NoPublish') ? 'subscriber' : role;
  const request: CreateSessionParams<P> = {
    sdp: sdp as string,
    roomId: requireId(sid, 'sid', 'the room to join'),
    userId: userIdOf(principal) ?? checkId(uid ?? `guest-${randomUUID().slice(0, 8)}`, 'uid'),
    autoSubscribe: !isOn('NoAutoSubscribe') && !isOn('NoSubscribe'),
    principal,
  };
  if (wanted !== undefined) request.role = wanted as 'publisher';
  if (metadata !== undefined) request.metadata = metadata as Metadata;
  return request;
}
