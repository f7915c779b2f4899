import { closing, RelayError } from '../../protocol/errors.js';
import { type CancelSignal, unlessAborted } from '../../util/cancellation.js';
import { deferred } from '../../util/deferred.js';
import { isPromise } from '../../util/is-promise.js';
import type { Logger } from '../../util/logger.js';
import type { Watch } from '../node-health.js';
import type { PlacedRoom, SendingPeer, Sfu, SfuServer, SfuStream, SfuStreamListener } from '../sfu.js';
import { NodeSet } from './node-set.js';
import { NodeVerdicts } from './node-verdicts.js';
import type { ResolvedNodeOptions, ResolvedPoolOptions, SfuNodeStatus } from './options.js';
import { Pacer } from './pacer.js';
import { openOn, type Placement, Placements, type Relocation, type RoomMove } from './placements.js';
import { SfuNode } from './sfu-node.js';

/** A stopped process accepts connections and answers nothing: two missed probes in a row mean that a node is down. */
const WATCH: Watch = { intervalMs: 500, timeoutMs: 750 };
/** How often sessions that wait for a node look whether a full one has room again. */
const FULL_PAUSE_MS = 500;
/** The node may have failed, or was removed before it had a stream. */
const MAY_BE_GONE: ReadonlySet<string> = new Set([
  'ERR_RELAY_SFU_UNAVAILABLE',
  'ERR_RELAY_SFU_TIMEOUT',
  'ERR_RELAY_CLOSED',
]);
/** How often a join is repeated on another node. */
const MAX_REPEATS = 3;

/** What the pool tells of a node's server. */
interface ServerSetup {
  watch: Watch | undefined;
  onDown(error: RelayError): void;
  onUp(downMs: number): void;
}

interface SfuPoolSetup {
  logger: Logger;
  makeServer(options: ResolvedNodeOptions, setup: ServerSetup): SfuServer;
  onNodeDown(node: SfuNodeStatus): void;
  onNodeUp(node: SfuNodeStatus, downMs: number): void;
  onRoomMoved(move: RoomMove): void;
  /** The rooms of this process. */
  rooms(): Iterable<PlacedRoom>;
}

/** The SFU nodes. Each room is on one of them; when that fails, its sessions join again on another one. */
export class SfuPool implements Sfu {
  readonly #options: ResolvedPoolOptions;
  readonly #setup: SfuPoolSetup;
  readonly #nodes: NodeSet;
  readonly #placements: Placements;
  readonly #pacer = new Pacer();
  readonly verdicts = new NodeVerdicts();
  /** Called when a peer of the room has sent media for the first time. */
  onSender: ((roomId: string) => void) | undefined;
  /** The node, if there is only one. */
  readonly #single: SfuNode | undefined;
  /** Resolves when a node comes up, or the nodes change, or full ones may have room again. */
  #change = deferred();
  /** Set while sessions wait for a node: streams of full ones may end at any time. */
  #looking: NodeJS.Timeout | undefined;
  /** Pending while the function `clusterNodes` is called. */
  #resolving: Promise<void> | undefined;
  #refreshing: NodeJS.Timeout | undefined;
  #isResolverFailing = false;
  #closed = false;

  constructor(options: ResolvedPoolOptions, setup: SfuPoolSetup) {
    this.#options = options;
    this.#setup = setup;
    this.#nodes = new NodeSet({ logger: setup.logger, makeNode: (each) => this.#makeNode(each) });
    this.#nodes.set(options.nodes);
    if (!options.isCluster) [this.#single] = this.#nodes.current;
    this.#placements = new Placements({
      options,
      nodes: this.#nodes,
      single: this.#single,
      verdicts: this.verdicts,
      logger: setup.logger,
      onMoved: setup.onRoomMoved,
    });
    const { resolveNodes, refreshMs } = options;
    if (!resolveNodes) return;
    const refresh = () => {
      // An older answer must not replace a newer one.
      this.#resolving ??= this.#resolve(resolveNodes).finally(() => {
        this.#resolving = undefined;
      });
    };
    refresh();
    this.#refreshing = setInterval(refresh, refreshMs).unref();
  }

  get streamCount(): number {
    return sum(this.#nodes.all, ({ streamCount }) => streamCount);
  }

  get connectionCount(): number {
    return sum(this.#nodes.all, ({ connectionCount }) => connectionCount);
  }

  get canMove(): boolean {
    return this.#options.isCluster;
  }

  /** The state of all nodes, removed ones with streams included. */
  get statuses(): SfuNodeStatus[] {
    const rooms = new Map<SfuNode, number>();
    let all = 0;
    for (const room of this.#setup.rooms()) {
      all += 1;
      const node = this.#placements.current(room)?.node;
      if (node) rooms.set(node, (rooms.get(node) ?? 0) + 1);
    }
    return this.#nodes.all.map((node) => node.status(this.#single ? all : (rooms.get(node) ?? 0)));
  }

  /** The servers by address. */
  get servers(): { serverUrl: string; server: SfuServer }[] {
    return this.#nodes.all;
  }

  open(
    room: PlacedRoom,
    userId: string,
    listener: SfuStreamListener,
    signal: CancelSignal,
  ): Promise<SfuStream> {
    const placed = this.#single && this.placementOf(room);
    return placed ? openOn(placed, listener, signal) : this.#open(room, userId, listener, signal);
  }

  async ready(room: PlacedRoom, isUrgent: boolean, signal: CancelSignal): Promise<number> {
    this.#pacer.enter();
    try {
      this.#hurry(true);
      const node = this.#single ?? this.#placements.current(room)?.node;
      if (node) await unlessAborted(node.server.health.check(), signal);
      while (!(this.#single ? !this.#single.isDown : this.#placements.canServe(room))) {
        this.#looking ??= setTimeout(() => this.changed(), FULL_PAUSE_MS).unref();
        await unlessAborted(this.#change.promise, signal);
      }
      return this.#pacer.release(isUrgent);
    } catch (error) {
      this.#pacer.cancel();
      throw error;
    } finally {
      if (this.#pacer.waiting === 0) this.#hurry(false);
    }
  }

  async hasFailed(room: PlacedRoom, generation: number, signal: CancelSignal): Promise<boolean> {
    const current = this.#placements.current(room);
    if (this.#single || current?.generation !== generation) return !this.#single;
    await unlessAborted(current.node.server.health.recheck(), signal);
    return this.#placements.current(room)?.generation !== generation;
  }

  /**
   * Places a room on another node; its sessions stay where they are until they join again.
   * @throws RelayError as `Placements.move`
   */
  move(...move: Parameters<Placements['move']>): Promise<Relocation> {
    return this.#placements.move(...move);
  }

  /** Returns the room to where it was, if it can. */
  revert(room: PlacedRoom, relocation: Relocation, reason: string): Promise<boolean> {
    return this.#placements.revert(room, relocation, reason);
  }

  /** Undefined where no node serves the room. */
  placementOf(room: PlacedRoom): Placement | undefined {
    return this.#placements.current(room);
  }

  /** The peers that have sent media to the node of the room, as far as this process knows. */
  sendersOf(room: PlacedRoom): SendingPeer[] {
    return [...(this.placementOf(room)?.node.server.sendersOf?.(room.id) ?? [])];
  }

  /** @throws RelayError `ERR_RELAY_INVALID_PARAMS`: there is no such node */
  requireNode(serverUrl: string): SfuNode {
    return this.#nodes.require(serverUrl);
  }

  /** So many other processes have so many streams on the nodes of these addresses. */
  setElsewhere(streams: ReadonlyMap<string, number>, processes: number): void {
    this.#placements.processes = processes + 1;
    for (const node of this.#nodes.all) node.streamsElsewhere = streams.get(node.serverUrl) ?? 0;
  }

  findNode(serverUrl: string | undefined): SfuNode | undefined {
    return this.#nodes.find(serverUrl);
  }

  /** Undefined where there is no such node. */
  async isNodeDown(serverUrl: string): Promise<boolean | undefined> {
    const node = this.#nodes.find(serverUrl);
    if (node && !node.isDown) await node.server.health.check();
    return node?.isDown;
  }

  canServe(room: PlacedRoom): boolean {
    return this.#placements.canServe(room);
  }

  /** @param urgent of each session that is about to join again: whether others wait for it. @returns ms to wait before each join */
  spread(urgent: readonly boolean[]): number[] {
    return this.#pacer.spread(urgent);
  }

  /** From now on these are the nodes. Rooms on others stay there until they end. */
  setNodes(nodes: readonly ResolvedNodeOptions[]): void {
    if (this.#closed) return;
    this.#nodes.set(nodes);
    this.changed();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#refreshing);
    this.#nodes.close();
    this.changed();
  }

  async #open(
    room: PlacedRoom,
    userId: string,
    listener: SfuStreamListener,
    signal: CancelSignal,
  ): Promise<SfuStream> {
    if (this.#nodes.size === 0 && this.#resolving) await unlessAborted(this.#resolving, signal);
    for (let repeats = 0; ; repeats += 1) {
      if (this.#closed) throw closing();
      const placed = this.#placements.place(room, userId);
      // Without a pause, so that the next placement counts this stream.
      const placement = isPromise(placed) ? await placed : placed;
      if (signal.aborted) throw signal.reason;
      try {
        return await openOn(placement, listener, signal);
      } catch (error) {
        const { code } = RelayError.from(error);
        if (signal.aborted || !MAY_BE_GONE.has(code) || repeats === MAX_REPEATS) throw error;
        // On a node that is up the same would fail again.
        if (!(await this.hasFailed(room, placement.generation, signal))) throw error;
      }
    }
  }

  #makeNode(options: ResolvedNodeOptions): SfuNode {
    const { isCluster } = this.#options;
    const server = this.#setup.makeServer(options, {
      watch: isCluster ? WATCH : undefined,
      onDown: () => {
        const down = () => this.#placements.nodeWentDown(node);
        if (isCluster) this.verdicts.judge(node, down, () => server.drop());
        this.#hurry(this.#pacer.waiting > 0);
        this.#setup.onNodeDown(node.status(0));
      },
      onUp: (downMs) => {
        if (isCluster) node.cameUp();
        this.verdicts.cameUp(node);
        this.changed();
        this.#setup.onNodeUp(node.status(0), downMs);
      },
    });
    const node = new SfuNode(options, server);
    return node;
  }

  async #resolve(resolveNodes: () => Promise<readonly ResolvedNodeOptions[]>): Promise<void> {
    try {
      this.setNodes(await resolveNodes());
      this.#isResolverFailing = false;
    } catch (error) {
      if (!this.#isResolverFailing)
        this.#setup.logger.error({ err: error }, 'The SFU nodes could not be resolved: the known ones stay');
      this.#isResolverFailing = true;
    }
  }

  /** A single node that is down is probed more often while sessions wait. */
  #hurry(isUrgent: boolean): void {
    for (const { server } of this.#nodes.current) server.health.isUrgent = isUrgent;
  }

  /** Sessions that wait for a node look for one. */
  changed(): void {
    clearTimeout(this.#looking);
    this.#looking = undefined;
    this.#change.resolve();
    this.#change = deferred();
  }
}

function sum(nodes: readonly SfuNode[], count: (server: SfuServer) => number): number {
  let total = 0;
  for (const { server } of nodes) total += count(server);
  return total;
}
