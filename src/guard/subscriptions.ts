import { invalidParams, RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { Subscription } from '../protocol/types.js';
import type { Room } from '../room/room.js';

/**
 * Accepts only tracks of the room and existing layers: the SFU reports success for anything, and finds a layer by its exact RID.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function checkSubscriptions(
  subscriptions: readonly Subscription[],
  { room, sessionId, layersAllowed }: { room: Room; sessionId: string; layersAllowed: boolean },
): void {
  if (!Array.isArray(subscriptions) || subscriptions.length > LIMITS.maxSubscriptions)
    throw invalidParams(`"subscriptions" must be a list of at most ${LIMITS.maxSubscriptions}.`);
  for (const subscription of subscriptions as Partial<Subscription>[]) {
    const { trackId, subscribe, layer } = subscription ?? {};
    if (typeof trackId !== 'string' || typeof subscribe !== 'boolean')
      throw invalidParams('A subscription is {trackId: string, subscribe: boolean, layer?: string}.');
    const found = room.findTrack(trackId);
    // The track may have just ended: unsubscribing from it is valid.
    if (!found && !subscribe) continue;
    if (!found || found.sessionId === sessionId)
      throw invalidParams(
        `The room has no track "${trackId.slice(0, LIMITS.maxIdLength)}" of another participant.`,
      );
    const { layers } = found.track;
    if (!subscribe) continue;
    if (layers.length > 0 && !layersAllowed)
      throw new RelayError(
        'ERR_RELAY_INVALID_STATE',
        'A simulcast track can be subscribed to in the first 20 s of a session only (the SFU may not survive it later): join afresh, or switch layers over the data channel ion-sfu.',
      );
    if (layers.length === 0 ? (layer ?? '') !== '' : !layers.includes(layer ?? ''))
      throw invalidParams(
        layers.length === 0
          ? `The track "${trackId}" has no layers: leave "layer" out.`
          : `The track "${trackId}" has the layers ${layers.join(', ')}: name one in "layer".`,
      );
  }
}
