import type { Logger } from '../util/logger.js';
import type { RoomSink } from './backplane.js';

/** Tells a sink of something. */
export type Tell = (sink: RoomSink) => void;

/** A sink that throws is logged: the others are told all the same. */
export function tellSafely(sink: RoomSink, tell: Tell, logger: Logger): void {
  try {
    tell(sink);
  } catch (error) {
    logger.error({ err: error }, 'A change of a room could not be carried out');
  }
}
