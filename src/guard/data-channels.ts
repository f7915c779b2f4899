import { RelayError } from '../protocol/errors.js';

/** Ion passes on every data channel that a client opens to the whole room, and SDP names none: it is all or nothing. */
export interface DataChannelPolicy {
  /** Whether the relay lets clients offer them. */
  dataChannels: boolean;
  /** Whether the session's grants let it send to the room. */
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

/** Ion serves the channels that a peer has until the peer is gone, also when a later offer rejects their section. */
export function dataChannelsLost(): RelayError {
  const message = 'You may no longer send messages in this room: join it again, without data channels.';
  return new RelayError('ERR_RELAY_REJOIN', message);
}
