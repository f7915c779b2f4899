import { encodeTrickle } from './ion-codec.js';

/**
 * The workaround for the race inside a join. Ion answers a join from several goroutines, which race to send the response headers:
 * about one stream in 200 ends or never receives anything. A trickle before the join, which Ion refuses with `Reply.error`, makes it
 * send the headers. It creates nothing on the SFU.
 *
 * `room-gate.ts` is the workaround for the race of a join with the last leave of a room.
 */
export function encodeRefusedTrickle(): Buffer {
  return encodeTrickle(0, '{}');
}
