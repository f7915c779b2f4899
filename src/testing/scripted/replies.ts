import { type Reply, type SessionDescription, Target, type TrackEvent } from '../../sfu/ion/gen/rtc.js';
import { checkSdp, fakeOffer } from './fake-sdp.js';

export type ReplyPayload = NonNullable<Reply['payload']>;

/** Ion's error for a message before the join. */
export const NOT_JOINED = 'no rtc transport exists for this Peer';

/** Ion's `error_code.InternalError`. */
const INTERNAL_ERROR = 500;

/**
 * An offer of the SFU for the subscriber connection; by default only the data channel.
 * @category Testing
 */
export function subscriberOffer(sdp: string = fakeOffer()): ReplyPayload {
  checkSdp('subscriberOffer', sdp);
  return { $case: 'description', value: { target: Target.SUBSCRIBER, type: 'offer', sdp, trackInfos: [] } };
}

export function publisherAnswer(sdp: string): SessionDescription {
  return { target: Target.PUBLISHER, type: 'answer', sdp, trackInfos: [] };
}

export function joinAccepted(sdp: string): ReplyPayload {
  return { $case: 'join', value: { success: true, description: publisherAnswer(sdp) } };
}

export function joinRefused(reason: string): ReplyPayload {
  return { $case: 'join', value: { success: false, error: { code: INTERNAL_ERROR, reason } } };
}

export function trickle(target: Target, init: string): ReplyPayload {
  return { $case: 'trickle', value: { target, init } };
}

export function trackEvent(event: TrackEvent): ReplyPayload {
  return { $case: 'trackEvent', value: event };
}

export function error(reason: string): ReplyPayload {
  return { $case: 'error', value: { code: INTERNAL_ERROR, reason } };
}
