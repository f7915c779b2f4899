import type { Principal } from '../../access/authentication.js';
import type { RoomFields } from '../../backplane/backplane.js';
import { invalidParams, invalidState, RelayError } from '../../protocol/errors.js';
import { checkId } from '../../protocol/ids.js';
import type { Room } from '../../room/room.js';
import type { Session } from '../../session/session.js';
import type { Relocation } from '../../sfu/pool/placements.js';
import type { SfuNode } from '../../sfu/pool/sfu-node.js';
import type { SfuPool } from '../../sfu/pool/sfu-pool.js';
import { misconfigured } from '../../util/check-options.js';
import type { ResolvedOptions } from '../options.js';
import type { SessionRegistry } from '../session-registry.js';
import { KnownPeers } from './known-peers.js';
import { type MoveRoomOptions, type ResolvedMove, type RoomMoveReport, readMove } from './move-options.js';
import { MovingRoom } from './moving-room.js';
import { type DrainEvent, NodeDrains } from './node-drains.js';
import { SplitRooms } from './split-rooms.js';

/** The moves of rooms between SFU nodes. */
export class RoomMoves<P extends Principal> {
  readonly #options: ResolvedOptions<P>;
  readonly #sfu: SfuPool;
  readonly #registry: SessionRegistry<P>;
  readonly #moving = new Set<Room>();
  /** Where rooms were when another process placed them, while this one was about to. */
  readonly #outrun = new Map<Room, RoomFields>();
  readonly drains: NodeDrains;

  constructor(
    options: ResolvedOptions<P>,
    sfu: SfuPool,
    registry: SessionRegistry<P>,
    onDrain: (event: DrainEvent) => void,
  ) {
    this.#options = options;
    this.#sfu = sfu;
    this.#registry = registry;
    const splits = new SplitRooms<P>({
      ...{ rooms: registry.rooms, sessions: registry.sessions },
      ...{ counters: options.counters, logger: options.logger },
      placementOf: (room) => sfu.placementOf(room),
      sendersOf: (room) => sfu.sendersOf(room),
      isMoving: (room) => this.#moving.has(room),
      peers: new KnownPeers(registry, sfu),
      renew: (room) => this.#renew(room),
    });
    sfu.onSender = (roomId) => splits.watch(roomId);
    registry.onJoined = ({ id }) => splits.watch(id);
    registry.onPlaced = (room, from) => {
      if (from.node === room.node) splits.renewed(room);
      if (this.#moving.has(room)) this.#outrun.set(room, this.#outrun.get(room) ?? from);
      else this.#follow(room, from);
    };
    this.drains = new NodeDrains({
      ...{ sfu, moves: this, logger: options.logger },
      rooms: () => registry.rooms.values(),
      onProgress: onDrain,
    });
  }

  /** As `relay.moveRoom()`. */
  async move(roomId: string, options: MoveRoomOptions): Promise<RoomMoveReport> {
    const move = readMove(options);
    this.requireCluster('moveRoom()');
    const room = this.#registry.rooms.get(checkId(roomId, 'roomId'));
    if (!room) throw invalidParams(`There is no room "${roomId}": it has no sessions.`);
    return this.run(room, move);
  }

  /** @throws RelayError `ERR_RELAY_CONFIG` */
  requireCluster(name: string): void {
    if (this.#options.sfu.isCluster) return;
    throw misconfigured(
      `${name} is for several nodes: write sfu: { mode: "cluster", clusterNodes: ["sfu-1:5551", "sfu-2:5551"] } in the options of the relay.`,
    );
  }

  /** Moves the room to another generation, on the same node if that has room for the new peers beside the old ones. */
  #renew(room: Room): Promise<RoomMoveReport> {
    const { node } = this.#sfu.placementOf(room) ?? {};
    const hasRoom = node && !node.isDraining && node.load + room.sessionCount <= node.maxStreams;
    return this.run(room, readMove({ reason: 'split' }), hasRoom ? node : undefined);
  }

  /** @param to as `move.to`, also the node that the room is on */
  async run(
    room: Room,
    move: ResolvedMove,
    to: string | SfuNode | undefined = move.to,
  ): Promise<RoomMoveReport> {
    const { counters, logger } = this.#options;
    if (move.signal?.aborted)
      throw RelayError.from(move.signal.reason, 'ERR_RELAY_ABORTED', 'The move was cancelled.');
    if (this.#moving.has(room)) throw invalidState(`The room "${room.id}" is moving already.`);
    this.#moving.add(room);
    const start = performance.now();
    let outcome: 'moved' | 'cancelled' | undefined;
    try {
      const [first] = room.moderation.sessions;
      const relocation = await this.#sfu.move(room, first?.userId ?? '', to, move.reason);
      outcome = 'cancelled';
      const report = await this.#start(room, relocation, move).run();
      outcome = 'moved';
      logger.info(
        { roomId: room.id, ...report, durationMs: Math.round(performance.now() - start) },
        'The sessions of the room are on its new SFU node',
      );
      return report;
    } finally {
      this.#moving.delete(room);
      if (outcome) counters.roomMoves.add(outcome);
      const from = this.#outrun.get(room);
      this.#outrun.delete(room);
      if (from && !outcome) this.#follow(room, from);
    }
  }

  /** Another process has placed the room on another node: the sessions of this one follow. */
  #follow(room: Room, from: RoomFields): void {
    const to = this.#sfu.placementOf(room);
    if (!to) return;
    this.#moving.add(room);
    const node = this.#sfu.findNode(from.node) ?? to.node;
    this.#start(room, { from: { node, generation: from.generation }, to }, readMove({}))
      .run()
      .catch((error) =>
        this.#options.logger.error(
          { err: error, roomId: room.id },
          'The sessions of a room could not follow it',
        ),
      )
      .finally(() => {
        this.#moving.delete(room);
        this.#outrun.delete(room);
      });
  }

  #start(room: Room, relocation: Relocation, move: ResolvedMove): MovingRoom<P> {
    const { counters, hooks } = this.#options;
    const setup = {
      sfu: this.#sfu,
      sessions: this.#registry.sessions,
      onMoved(session: Session<P>, from: string, to: string) {
        counters.sessionMoves.add('moved');
        hooks.tell('onMoved', { session, from, to });
      },
      onClosed: () => counters.sessionMoves.add('closed'),
    };
    return new MovingRoom(setup, room, relocation, move);
  }
}
