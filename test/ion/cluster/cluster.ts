import { afterEach, expect } from 'vitest';
import type { SfuRelayOptions } from '../../../src/index.js';
import { startIon } from '../../support/ion.js';
import { type ClusterNode, IonCluster } from '../../support/ion-cluster.js';
import { MediaPeers } from '../../support/media-peers.js';
import { mediaOf, noMedia } from '../../support/peer-media.js';
import { until } from '../../support/poll.js';
import { type RelayServer, startRelay } from '../../support/relay-server.js';
import { RoomClient } from '../../support/room-client.js';

type Sfu = Extract<SfuRelayOptions['sfu'], { mode: 'cluster' }>;
type Entry = Parameters<typeof RoomClient.join>[0];

/** Without media ICE fails, and a peer with it. */
const startBareIon = () => startIon({ iceTimeoutSeconds: 600 });
const SOON = { intervalMs: 20 };

/** Real Ions, a relay in front of them, and clients: of one test. */
export class Cluster {
  #cleanUp: (() => unknown)[] = [];
  #ions: IonCluster<ClusterNode> | undefined;
  #server: RelayServer | undefined;
  #peers: MediaPeers | undefined;

  get ions(): IonCluster<ClusterNode> {
    if (!this.#ions) throw new Error('the cluster is not started');
    return this.#ions;
  }

  get relay(): RelayServer['relay'] {
    if (!this.#server) throw new Error('the cluster is not started');
    return this.#server.relay;
  }

  get nodes(): readonly ClusterNode[] {
    return this.ions.nodes;
  }

  /** Only the Ions. */
  async startIons(count: number, startNode: () => Promise<ClusterNode> = startBareIon): Promise<void> {
    this.#ions = this.later(await IonCluster.start(count, startNode), (each) => each.stop());
  }

  async startRelay(
    method: NonNullable<Sfu['loadBalanceMethod']>,
    options: Partial<SfuRelayOptions> = {},
  ): Promise<void> {
    const sfu: Sfu = { mode: 'cluster', clusterNodes: this.ions.addresses, loadBalanceMethod: method };
    this.#server = this.later(await startRelay(sfu, options), (each) => each.close());
  }

  /** The Ions, the relay, and peers with media. */
  async start(
    count: number,
    options: Partial<SfuRelayOptions> = {},
    ...startNode: (() => Promise<ClusterNode>)[]
  ): Promise<void> {
    await this.startIons(count, ...startNode);
    this.#peers = this.later(await MediaPeers.start(), (each) => each.stop());
    await this.startRelay('roundrobin', options);
  }

  /** Somebody without media. */
  join(room: string, user: string, entry: Partial<Entry> = {}): Promise<RoomClient> {
    if (!this.#server) throw new Error('the cluster is not started');
    return RoomClient.join({ url: this.#server.url, room, user, media: noMedia, ...entry });
  }

  /** Somebody with media: a camera and a microphone. */
  publish(room: string, user: string): Promise<RoomClient> {
    return this.join(room, user, { ...this.#media, tracks: { camera: 'video', microphone: 'audio' } });
  }

  /** Somebody who receives media. */
  watch(room: string, user: string): Promise<RoomClient> {
    return this.join(room, user, { ...this.#media, role: 'subscriber' });
  }

  /** The node that has the client's current peer. */
  nodeOf({ sessionId, peer }: RoomClient): ClusterNode {
    const suffix = peer === 1 ? sessionId : `${sessionId}/${peer}`;
    const found = this.nodes.find((node) => node.arrivals.some(({ uid }) => uid.endsWith(suffix)));
    if (!found) throw new Error(`no node has peer ${peer} of ${sessionId}`);
    return found;
  }

  /** Resolves when each of them has a peer on a node that lives, and all of one room on the same node. */
  async areServed(clients: readonly RoomClient[], patience: Parameters<typeof until>[2] = {}): Promise<void> {
    await until(
      'all have a peer on a node that lives',
      () => {
        for (const client of clients) {
          const { user, refusals } = client;
          if (client.isInterrupted) throw new Error(`${user} is interrupted: ${refusals.at(-1)}`);
          if (!this.nodeOf(client).alive()) throw new Error(`the node of ${user} is dead`);
        }
        return true;
      },
      { ...SOON, ...patience },
    );
    for (const room of new Set(clients.map((client) => client.room))) {
      const nodes = clients.filter((client) => client.room === room).map((client) => this.nodeOf(client));
      expect(new Set(nodes.map(({ address }) => address)).size).toBe(1);
    }
  }

  /** Resolves when the relay sees the node in this state. */
  async isSeen(index: number, state: 'up' | 'down'): Promise<void> {
    const { address } = this.nodes[index] ?? this.ions.at(undefined);
    const seen = () => this.relay.nodes.find(({ serverUrl }) => serverUrl === address)?.state === state;
    await until(`node ${index} is ${state}`, seen, SOON);
  }

  later<Part>(part: Part, end: (part: Part) => unknown): Part {
    this.#cleanUp.unshift(() => end(part));
    return part;
  }

  async end(): Promise<void> {
    for (const end of this.#cleanUp.splice(0)) await end();
  }

  get #media() {
    if (!this.#peers) throw new Error('the cluster has no peers with media');
    return { media: mediaOf(this.#peers) };
  }
}

/** A cluster for each test of the suite that this is called in. */
export function useCluster(): Cluster {
  const cluster = new Cluster();
  afterEach(() => cluster.end());
  return cluster;
}
