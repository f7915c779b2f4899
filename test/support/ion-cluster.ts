import type { IonServer } from './ion.js';

/** An Ion that can fail and come back, and whose log says who has joined. */
export type ClusterNode = Pick<
  IonServer,
  'address' | 'arrivals' | 'peers' | 'alive' | 'signal' | 'kill' | 'restart' | 'stop'
>;

/** Several real Ions, each in a process of its own. */
export class IonCluster<Node extends ClusterNode = IonServer> {
  readonly nodes: readonly Node[];

  private constructor(nodes: readonly Node[]) {
    this.nodes = nodes;
  }

  static async start<Node extends ClusterNode>(
    count: number,
    startNode: () => Promise<Node>,
  ): Promise<IonCluster<Node>> {
    return new IonCluster(await Promise.all(Array.from({ length: count }, startNode)));
  }

  get addresses(): string[] {
    return this.nodes.map(({ address }) => address);
  }

  /** The node with this address. */
  at(address: string | undefined): Node {
    const found = this.nodes.find((node) => node.address === address);
    if (!found) throw new Error(`no node has the address ${address}`);
    return found;
  }

  /** The nodes in whose rooms somebody has joined, by Ion's id of the room. */
  get nodesOfRooms(): Map<string, Set<Node>> {
    const found = new Map<string, Set<Node>>();
    for (const node of this.nodes)
      for (const { room } of node.arrivals) found.set(room, (found.get(room) ?? new Set()).add(node));
    return found;
  }

  /** The uids of the peers in all rooms, ghosts included. */
  get peers(): string[] {
    return this.nodes.flatMap(({ peers }) => peers);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}
