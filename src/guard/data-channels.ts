import { RelayError } from '../protocol/errors.js';

/** Ion forwards every data channel to the whole room, and SDP does not name channels: the policy is all or nothing. */
export interface DataChannelPolicy {
  /** Whether the relay lets clients offer them. */
  dataChannels: boolean;
  /** Whether the grants allow messages to the room. */
  canPublishData: boolean;
}

/**
 * @param where names the section of an offer
 * @throws RelayError `ERR_RELAY_FORBIDDEN`
 */
export function checkDataChannels({ dataChannels, canPublishData }: DataChannelPolicy, where: string): void {
  if (dataChannels && canPublishData) return;
  const fault = dataChannels
    ? 'This session may not send messages (canPublishData), so it may not have data channels'
    : 'Data channels are refused here';
  const advice = "Offer a section of audio that is recvonly in its place; ion-sdk-js can't.";
  throw new RelayError('ERR_RELAY_FORBIDDEN', `${fault}: ${where} is one. ${advice}`);
}

/** Ion serves a peer's channels until the peer has ended, even if a later offer rejects their section. */
export function dataChannelsLost(): RelayError {
  const message = 'You may no longer send messages in this room: join it again, without data channels.';
  return new RelayError('ERR_RELAY_REJOIN', message);
}
