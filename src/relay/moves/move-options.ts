import { invalidParams } from '../../protocol/errors.js';
import { checkOptions, integer, type Keys } from '../../util/check-options.js';

/**
 * How `relay.moveRoom()` moves a room.
 * @category Relay
 */
export interface MoveRoomOptions {
  /** The `serverUrl` of the node. @default chosen as for a new room, among the other nodes */
  to?: string;
  /** ms within which the sessions have to be on the new node, after the last one was asked; those that are not then are closed. @default 15000 */
  deadlineMs?: number;
  /** 1 to 100 characters, for the event `roommoved` and the log. @default 'move' */
  reason?: string;
  /** Cancels the move: the sessions that have moved return. */
  signal?: AbortSignal;
}

/**
 * A move of a room that is complete.
 * @category Relay
 */
export interface RoomMoveReport {
  /** The `serverUrl` of the node that the room has left. */
  readonly from: string;
  /** The node that the room is on. Another one than was asked for if that has failed during the move. */
  readonly to: string;
  /** Counts the placements of the room. */
  readonly generation: number;
  /** Sessions that have moved. Those that have joined or left during the move do not count. */
  readonly moved: number;
  /** Sessions that were closed, as their clients cannot move, or have not moved in time. */
  readonly closed: number;
}

export interface ResolvedMove {
  readonly to: string | undefined;
  readonly deadlineMs: number;
  readonly reason: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * How `relay.drainNode()` empties a node.
 * @category Relay
 */
export interface DrainNodeOptions {
  /** ms that the sessions of each room have for their move; those that have not moved then are closed. @default 15000 */
  deadlineMs?: number;
  /** Rooms that move at the same time. @default 4 */
  concurrency?: number;
}

/**
 * A node without streams, after `relay.drainNode()`.
 * @category Relay
 */
export interface DrainReport {
  readonly serverUrl: string;
  /** Rooms that have moved. Those that have ended meanwhile may not count. */
  readonly rooms: number;
  /** Sessions that have moved. */
  readonly moved: number;
  /** Sessions that were closed, as they had not moved in time. */
  readonly closed: number;
}

export type ResolvedDrain = Required<DrainNodeOptions>;

const KEYS: Keys<MoveRoomOptions> = { to: true, deadlineMs: true, reason: true, signal: true };
const EXAMPLE = 'relay.moveRoom("lobby", { to: "sfu-2:5551", deadlineMs: 15000 })';

/** @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_INVALID_PARAMS` */
export function readMove(options: MoveRoomOptions): ResolvedMove {
  checkOptions({ name: 'moveRoom()', example: EXAMPLE }, options, KEYS);
  const { to, reason = 'move', signal } = options;
  if (to !== undefined && typeof to !== 'string')
    throw invalidParams(`"to" must be the address of a node, a string: write ${EXAMPLE}.`);
  if (typeof reason !== 'string' || reason === '' || reason.length > 100)
    throw invalidParams('"reason" must be a text of 1 to 100 characters.');
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw invalidParams('"signal" must be an AbortSignal: write AbortSignal.timeout(5000).');
  return { to, reason, signal, deadlineMs: integer(options, 'deadlineMs', 15_000) };
}

const DRAIN_KEYS: Keys<DrainNodeOptions> = { deadlineMs: true, concurrency: true };

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function readDrain(options: DrainNodeOptions): ResolvedDrain {
  const example = 'relay.drainNode("sfu-2:5551", { deadlineMs: 15000 })';
  checkOptions({ name: 'drainNode()', example }, options, DRAIN_KEYS);
  return {
    deadlineMs: integer(options, 'deadlineMs', 15_000),
    concurrency: integer(options, 'concurrency', 4),
  };
}
