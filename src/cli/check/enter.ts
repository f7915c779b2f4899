import { ERRORS, type RelayErrorCode } from '../../protocol/errors.js';
import type { JoinResult } from '../../protocol/messages.js';
import { explainToken } from './claims.js';
import { Fault } from './fault.js';
import { explainHealth } from './health.js';
import type { CheckOptions } from './options.js';
import { NoAnswer, Refusal, type Rpc } from './rpc.js';

/** The relay admits the client: its first request is answered. @throws Fault */
export async function checkAuthentication(rpc: Rpc, options: CheckOptions): Promise<string> {
  try {
    await rpc.request('ping');
  } catch (error) {
    if (error instanceof NoAnswer)
      throw new Fault('not-a-relay', error.message, 'Is it a relay, or another WebSocket server?');
    throw error instanceof Refusal ? explainEntry(withCloseCode(error), options) : error;
  }
  const origin =
    options.origin === undefined ? '; no --origin, so not checked as a page' : ` from ${options.origin}`;
  return `admitted ${options.token === undefined ? 'without a token' : 'with the token'}${origin}`;
}

/** Joins the room. @throws Refusal the SFU's errors, or a Fault */
export async function join(rpc: Rpc, { room }: CheckOptions, sdp: string): Promise<JoinResult> {
  try {
    return await rpc.request('join', {
      sid: room,
      uid: 'sfu-relay-check',
      role: 'subscriber',
      config: { NoAutoSubscribe: 'true' },
      offer: { type: 'offer', sdp },
    });
  } catch (error) {
    // The relay has answered before: it waits for the SFU, or for a hook.
    if (error instanceof NoAnswer) throw new Refusal(error.message, 'ERR_RELAY_SFU_TIMEOUT');
    if (!(error instanceof Refusal) || isOfSfu(error)) throw error;
    throw explainJoin(error, room);
  }
}

/** Whether the relay has admitted the client, and the SFU failed. */
export function isOfSfu({ code = '' }: Refusal): boolean {
  return code.startsWith('ERR_RELAY_SFU_') || code === 'ERR_RELAY_DISABLED';
}

/** The relay also closes the connection. Its error may come before that, as the answer of the request. */
function withCloseCode({ message, code, closeCode }: Refusal): Refusal {
  const row = code !== undefined && Object.hasOwn(ERRORS, code) ? ERRORS[code as RelayErrorCode] : undefined;
  return new Refusal(message, code, closeCode ?? row?.close);
}

function named({ message, code, closeCode }: Refusal): string {
  const details = [code, closeCode].filter((each) => each !== undefined).join(', ');
  return details === '' ? message : `${message} (${details})`;
}

function explainEntry(refusal: Refusal, options: CheckOptions): Fault {
  const { code, message } = refusal;
  switch (code) {
    case 'ERR_RELAY_EXPIRED':
    case 'ERR_RELAY_UNAUTHENTICATED':
      return explainToken(options, named(refusal));
    case 'ERR_RELAY_AUTH_UNAVAILABLE':
      return new Fault(
        'authentication-unavailable',
        named(refusal),
        'The key server, the authorization server or the code of authenticate() fails: the relay logs the reason at the level error.',
      );
    case 'ERR_RELAY_TOO_MANY':
      return tooMany(refusal);
    case 'ERR_RELAY_FORBIDDEN':
      if (/origin/.test(message))
        return new Fault(
          'foreign-origin',
          `The relay refuses pages of ${options.origin ?? 'this origin'}. ${named(refusal)}`,
          'Add the origin to allowedOrigins, of useServer() or makeBehavior(): with its scheme and port, without a path.',
        );
      return new Fault(
        'refused',
        named(refusal),
        'The hook onConnect or authenticate() refuses this client: the log has the reason.',
      );
    default:
      return failed(refusal);
  }
}

function explainJoin(refusal: Refusal, room: string): Fault {
  switch (refusal.code) {
    case 'ERR_RELAY_FORBIDDEN':
    case 'ERR_RELAY_REMOVED':
    case 'ERR_RELAY_ROOM_LOCKED':
      return new Fault(
        'refused',
        `The room ${JSON.stringify(room)}: ${named(refusal)}`,
        'If the token is for one room only, name it: --room <name>. Its participants may see the probe for a moment.',
        'If the hook onJoin refuses, the log has the reason.',
      );
    case 'ERR_RELAY_TOO_MANY':
      return tooMany(refusal);
    default:
      return failed(refusal);
  }
}

function tooMany(refusal: Refusal): Fault {
  return new Fault(
    'too-many',
    named(refusal),
    'A rate limit or a count limit of the relay is used up: see docs/LIMITS.md. Behind a proxy, set trustProxy: else all clients share one address.',
  );
}

function failed(refusal: Refusal): Fault {
  const advice = 'The relay logs the reason.';
  return new Fault(refusal.code === undefined ? 'not-a-relay' : 'relay-failed', named(refusal), advice);
}

/** The SFU's failure, with what the relay's health endpoint tells of it. */
export async function explainSfu(refusal: Refusal, options: CheckOptions): Promise<Fault> {
  const isAway = refusal.code === 'ERR_RELAY_SFU_UNAVAILABLE' || refusal.code === 'ERR_RELAY_SFU_TIMEOUT';
  if (refusal.code === 'ERR_RELAY_DISABLED')
    return new Fault('sfu-unavailable', named(refusal), 'Set "enabled: true" in the configuration of sfu.');
  return new Fault(
    isAway ? 'sfu-unavailable' : 'sfu-failed',
    named(refusal),
    ...(await explainHealth(options)),
  );
}
