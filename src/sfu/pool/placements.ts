import type { MaybePromise, Outcome, RoomFields, RoomLog } from '../../backplane/backplane.js';
import { invalidParams, invalidState } from '../../protocol/errors.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { withDeadline } from '../../util/deadline.js';
import { andThen } from '../../util/is-promise.js';
import type { Logger } from '../../util/logger.js';
import type { PlacedRoom, SfuStream, SfuStreamListener } from '../sfu.js';
import { LoadBalancer } from './load-balancer.js';
import type { NodeSet } from './node-set.js';
import { type NodeVerdicts, outOfReach } from './node-verdicts.js';
import type { ResolvedPoolOptions, SelectNode, SfuNodeStatus } from './options.js';
import { full, noNode, unavailable } from './placement-errors.js';
import type { SfuNode } from './sfu-node.js';

/** ms within which `selectNode` has to answer. */
const SELECT_TIMEOUT_MS = 5_000;

/** Where a room is. */
export interface Placement {
  readonly node: SfuNode;
  /** From 1. */
  readonly generation: number;
}

/** A room was placed on another node. */
export interface RoomMove {
  readonly roomId: string;
  /** The address of the last node. */
  readonly from: string;
  readonly to: string;
  /** Counts the placements of the room. Smaller than before where a move was cancelled. */
  readonly generation: number;
  /**
   * `failure` of the last node; `cancelled` where the room returns to it; `split` where the SFU had it twice; otherwise the `reason`
   * of `relay.moveRoom()`.
   */
  readonly reason: string;
}

/** Both placements of a room that moves. */
export interface Relocation {
  readonly from: Placement;
  readonly to: Placement;
}

interface PlacementsSetup {
  options: Pick<ResolvedPoolOptions, 'loadBalanceMethod' | 'selectNode'>;
  nodes: NodeSet;
  /** The node, if there is only one: rooms do not name it. */
  single: SfuNode | undefined;
  verdicts: NodeVerdicts;
  logger: Logger;
  onMoved(move: RoomMove): void;
}

/** Which node serves each room. All sessions of a room are on one node, in one generation. */
export class Placements {
  readonly #setup: PlacementsSetup;
  readonly #balancer: LoadBalancer<SfuNode>;
  /** How many processes place rooms on the same nodes. */
  processes = 1;
  /** The first generation of new rooms. It grows with each failure of a node: no room meets what an earlier one has left there. */
  #floor = 1;
  /** Rooms that `selectNode` is asked about, by their logs: a later room of the same id is another one. */
  readonly #selecting = new Map<RoomLog, Promise<Placement>>();

  constructor(setup: PlacementsSetup) {
    this.#setup = setup;
    this.#balancer = new LoadBalancer(setup.options.loadBalanceMethod);
  }

  /** The node has failed: its rooms are placed afresh when they are needed. */
  nodeWentDown(node: SfuNode): void {
    this.#floor += 1;
    node.wentDown(this.#floor);
  }

  /** Undefined before the first placement, and after the failure of the node. */
  current({ log }: PlacedRoom): Placement | undefined {
    return this.#valid(log.state);
  }

  /** Whether a session can join the room now. */
  canServe(room: PlacedRoom): boolean {
    const current = this.current(room);
    return current ? !current.node.isFull : this.#usable().length > 0;
  }

  /** @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE`, at once or by the promise */
  place(room: PlacedRoom, userId: string): MaybePromise<Placement> {
    const current = this.current(room);
    if (current) return current;
    const { nodes, verdicts } = this.#setup;
    const last = nodes.find(room.log.state.node);
    const judging = verdicts.pendingOf(last);
    if (judging) return judging.then(() => this.place(room, userId));
    if (last && verdicts.isCutOff(last) && room.log.state.generation >= last.minGeneration)
      throw outOfReach();
    const usable = this.#requireUsable();
    const { selectNode } = this.#setup.options;
    if (!selectNode) return this.#commit(room, this.#balancer.choose(usable, this.processes));
    const pending = this.#selecting.get(room.log);
    if (pending) return pending;
    const statuses = usable.map((node) => node.status(0));
    const selecting = this.#select(selectNode, room, userId, statuses)
      .finally(() => this.#selecting.delete(room.log))
      .then((chosen) => this.#commit(room, this.#chosen(room, this.#requireUsable(), chosen)));
    this.#selecting.set(room.log, selecting);
    return selecting;
  }

  /**
   * Places a room on another node while the current one goes on.
   * @param to the address of the node, or the node, also the same one; undefined: chosen as for a new room
   * @param reason of the event `roommoved`
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_SFU_UNAVAILABLE`
   */
  async move(
    room: PlacedRoom,
    userId: string,
    to: string | SfuNode | undefined,
    reason: string,
  ): Promise<Relocation> {
    const from = this.#requireCurrent(room);
    const named = typeof to === 'string' ? this.#named(to, from) : to;
    const node = named ?? (await this.#chooseOther(room, userId, from));
    const address = this.#setup.single ? {} : { node: node.serverUrl };
    const outcome = await room.log.commit((state) =>
      this.#isAt(state, from)
        ? { ...address, generation: this.#next(state) }
        : { refused: invalidState('The room has moved to another node in the meantime.') },
    );
    if (outcome.refused) throw outcome.refused;
    const placed = { node, generation: outcome.change.generation as number };
    this.#moved(room, from, placed, reason);
    return { from, to: placed };
  }

  /**
   * Returns a room to the node that it moves away from, in its old generation: those who are there still stay.
   * @returns false if the node has failed, or the room has moved on
   */
  async revert(room: PlacedRoom, { from, to }: Relocation, reason: string): Promise<boolean> {
    const { node, generation } = from;
    const outcome = await room.log.commit((state) =>
      this.#isAt(state, to) && this.#valid({ node: node.serverUrl, generation })
        ? { node: node.serverUrl, generation, lastGeneration: lastOf(state) }
        : {},
    );
    if (outcome.refused || outcome.change.node === undefined) return false;
    this.#moved(room, to, from, reason);
    return true;
  }

  /** @returns the address that the application has chosen, if any */
  async #select(
    selectNode: SelectNode,
    room: PlacedRoom,
    userId: string,
    nodes: SfuNodeStatus[],
  ): Promise<string | undefined> {
    const { logger } = this.#setup;
    try {
      const late = () => new Error(`selectNode() has not answered within ${SELECT_TIMEOUT_MS} ms`);
      const asked = Promise.resolve().then(() => selectNode({ roomId: room.id, userId, nodes }));
      return await withDeadline(asked, SELECT_TIMEOUT_MS, late);
    } catch (error) {
      logger.error({ err: error, roomId: room.id }, 'selectNode() has failed: loadBalanceMethod decides');
      return undefined;
    }
  }

  /** @param usable at least one */
  #chosen(room: PlacedRoom, usable: readonly SfuNode[], chosen: string | undefined): SfuNode {
    const node = usable.find(({ serverUrl }) => serverUrl === chosen);
    if (chosen !== undefined && !node)
      this.#setup.logger.warn(
        { roomId: room.id, serverUrl: chosen },
        'selectNode() has chosen a node that is not usable: loadBalanceMethod decides',
      );
    return node ?? this.#balancer.choose(usable, this.processes);
  }

  /** A node that has room for all sessions of the room, if there is one. */
  async #chooseOther(room: PlacedRoom, userId: string, from: Placement): Promise<SfuNode> {
    const others = () => {
      const usable = this.#usable().filter((node) => node !== from.node);
      if (usable.length === 0)
        throw unavailable(
          `No other node can take the room "${room.id}": all are down, full, draining or removed.`,
        );
      const roomy = usable.filter(({ load, maxStreams }) => load + room.sessionCount <= maxStreams);
      return roomy.length > 0 ? roomy : usable;
    };
    const { selectNode } = this.#setup.options;
    const nodes = others().map((node) => node.status(0));
    const chosen = selectNode && (await this.#select(selectNode, room, userId, nodes));
    return this.#chosen(room, others(), chosen);
  }

  /** The node of this address, if the room can move there. */
  #named(serverUrl: string, from: Placement): SfuNode {
    const node = this.#setup.nodes.require(serverUrl);
    if (node === from.node) throw invalidParams(`The room is on the node "${serverUrl}" already.`);
    if (node.isDown) throw unavailable(`The node "${serverUrl}" is down.`);
    if (node.isFull) throw unavailable(`The node "${serverUrl}" is full.`);
    if (node.isDraining) throw unavailable(`The node "${serverUrl}" is draining: call undrainNode() first.`);
    return node;
  }

  #requireCurrent(room: PlacedRoom): Placement {
    const current = this.current(room);
    if (!current) throw invalidState('The room has no node at the moment: it gets one with its next join.');
    return current;
  }

  /** The generation of the room's next placement. */
  #next(state: RoomFields): number {
    return Math.max(lastOf(state) + 1, this.#floor, this.#setup.single ? 2 : 1);
  }

  #moved(room: PlacedRoom, from: Placement, { node, generation }: Placement, reason: string): void {
    node.reserve(room.sessionCount);
    const [there, here] = [from.node.serverUrl, node.serverUrl];
    this.#setup.onMoved({ roomId: room.id, from: there, to: here, generation, reason });
  }

  #commit(room: PlacedRoom, node: SfuNode): MaybePromise<Placement> {
    const { log } = room;
    const from = log.state.node;
    const outcome = log.commit((state) =>
      this.#valid(state) ? {} : { node: node.serverUrl, generation: this.#next(state) },
    );
    const placed = (result: Outcome): Placement => {
      if ('refused' in result) throw result.refused;
      const placement = this.current(room);
      if (!placement) throw noNode('the node has failed in the meantime');
      const { serverUrl: to } = placement.node;
      const { generation } = placement;
      if (from !== undefined && result.change.node !== undefined) {
        placement.node.reserve(room.sessionCount - 1);
        this.#setup.onMoved({ roomId: room.id, from, to, generation, reason: 'failure' });
      }
      return placement;
    };
    return andThen(outcome, placed);
  }

  #valid({ node: serverUrl, generation }: RoomFields): Placement | undefined {
    const { single, nodes } = this.#setup;
    if (single) return { node: single, generation: Math.max(1, generation) };
    const node = nodes.find(serverUrl);
    return node && !node.isDown && generation >= node.minGeneration ? { node, generation } : undefined;
  }

  #isAt(state: RoomFields, { node, generation }: Placement): boolean {
    if (this.#setup.single) return Math.max(1, state.generation) === generation;
    return state.node === node.serverUrl && state.generation === generation;
  }

  #usable(): SfuNode[] {
    const up = [...this.#setup.nodes.current].filter(
      ({ isDown, isFull, isDraining }) => !isDown && !isFull && !isDraining,
    );
    const steady = up.filter(({ isHeldBack }) => !isHeldBack);
    return steady.length > 0 ? steady : up;
  }

  #requireUsable(): SfuNode[] {
    const usable = this.#usable();
    if (usable.length > 0) return usable;
    const nodes = [...this.#setup.nodes.current];
    const up = nodes.filter(({ isDown }) => !isDown);
    if (up.length === 0)
      throw noNode(
        `all nodes are down: ${nodes.map(({ serverUrl }) => serverUrl).join(', ') || 'there is none'}`,
      );
    throw up.every(({ isDraining }) => isDraining) ? noNode('all nodes that are up are draining') : full();
  }
}

export async function openOn(
  { node, generation }: Placement,
  listener: SfuStreamListener,
  signal: CancelSignal,
): Promise<SfuStream> {
  if (node.isFull) throw full();
  const stream = await node.server.open(listener, signal);
  stream.generation = generation;
  return stream;
}

/** The highest generation that the room has had. */
function lastOf({ generation, lastGeneration = 0 }: RoomFields): number {
  return Math.max(generation, lastGeneration);
}
