import type { SfuServer } from '../sfu.js';
import type { Candidate } from './load-balancer.js';
import type { ResolvedNodeOptions, SfuNodeStatus } from './options.js';

/** A node that fails again within this time flaps. */
const FLAPPING_MS = 60_000;
/** How long a flapping node is held back after its second failure; doubled at each further one. */
const FIRST_HOLD_MS = 1_000;
const LONGEST_HOLD_MS = 30_000;
/** Sessions of a room that is placed on the node have this long to come. */
const RESERVED_MS = 5_000;

/** One node of the pool. */
export class SfuNode implements Candidate {
  readonly serverUrl: string;
  readonly server: SfuServer;
  weight: number;
  maxStreams: number;
  /** Rooms that were placed here in an earlier generation are placed afresh: the node has failed since. */
  minGeneration = 1;
  /** It takes no new rooms; the rooms that it has leave it. */
  isDraining = false;
  /** Streams that other processes have here. */
  streamsElsewhere = 0;
  #reserved = 0;
  /** `performance.now()` of the failures within `FLAPPING_MS`. */
  #failures: number[] = [];
  #heldUntil = 0;

  constructor({ serverUrl, weight, maxStreams }: ResolvedNodeOptions, server: SfuServer) {
    this.serverUrl = serverUrl;
    this.server = server;
    this.weight = weight;
    this.maxStreams = maxStreams;
  }

  get isDown(): boolean {
    return this.server.health.state === 'down';
  }

  get isFull(): boolean {
    return this.server.streamCount + this.streamsElsewhere >= this.maxStreams;
  }

  /** It has failed repeatedly, and is used only where no other node is. */
  get isHeldBack(): boolean {
    return performance.now() < this.#heldUntil;
  }

  get load(): number {
    return this.server.streamCount + this.streamsElsewhere + this.#reserved;
  }

  /** This many sessions are about to come: rooms that are placed meanwhile count them. */
  reserve(count: number): void {
    if (count <= 0) return;
    this.#reserved += count;
    setTimeout(() => {
      this.#reserved -= count;
    }, RESERVED_MS).unref();
  }

  /** @param generation that rooms need from now on to stay here */
  wentDown(generation: number): void {
    this.minGeneration = generation;
    const now = performance.now();
    this.#failures = [...this.#failures.filter((time) => now - time < FLAPPING_MS), now];
  }

  cameUp(): void {
    const repeated = this.#failures.length - 1;
    const holdMs = Math.min(FIRST_HOLD_MS * 2 ** (repeated - 1), LONGEST_HOLD_MS);
    if (repeated > 0) this.#heldUntil = performance.now() + holdMs;
  }

  status(rooms: number): SfuNodeStatus {
    const { serverUrl, weight, maxStreams, isDraining: draining } = this;
    const { state, since, error } = this.server.health;
    return {
      ...{ serverUrl, state, streams: this.server.streamCount, rooms, weight, maxStreams, since, draining },
      ...(error && { error }),
    };
  }
}
