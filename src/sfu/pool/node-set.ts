import { invalidParams } from '../../protocol/errors.js';
import { kindOf } from '../../util/check-options.js';
import type { Logger } from '../../util/logger.js';
import type { ResolvedNodeOptions } from './options.js';
import type { SfuNode } from './sfu-node.js';

/** A removed node is closed when its last stream has ended. */
const SWEEP_MS = 1_000;

interface NodeSetSetup {
  makeNode(options: ResolvedNodeOptions): SfuNode;
  logger: Logger;
}

/** The nodes of a pool, by address. A removed node gets no new rooms; it stays until its streams have ended. */
export class NodeSet {
  readonly #setup: NodeSetSetup;
  readonly #nodes = new Map<string, SfuNode>();
  readonly #removed = new Map<string, SfuNode>();
  #sweeping: NodeJS.Timeout | undefined;

  constructor(setup: NodeSetSetup) {
    this.#setup = setup;
  }

  /** Those that new rooms may use. */
  get current(): Iterable<SfuNode> {
    return this.#nodes.values();
  }

  get all(): SfuNode[] {
    return [...this.#nodes.values(), ...this.#removed.values()];
  }

  get size(): number {
    return this.#nodes.size;
  }

  find(serverUrl: string | undefined): SfuNode | undefined {
    return serverUrl === undefined ? undefined : (this.#nodes.get(serverUrl) ?? this.#removed.get(serverUrl));
  }

  /** One that new rooms may use. @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
  require(serverUrl: unknown): SfuNode {
    const node = this.#nodes.get(serverUrl as string);
    if (node) return node;
    const given = typeof serverUrl === 'string' ? `"${serverUrl.slice(0, 64)}"` : kindOf(serverUrl);
    throw invalidParams(`There is no node ${given}: write one of ${[...this.#nodes.keys()].join(', ')}.`);
  }

  /** The connection of a known node stays as it is; its weight and its limit change. */
  set(options: readonly ResolvedNodeOptions[]): void {
    const wanted = new Set(options.map(({ serverUrl }) => serverUrl));
    for (const [serverUrl, node] of this.#nodes) {
      if (wanted.has(serverUrl)) continue;
      this.#nodes.delete(serverUrl);
      this.#removed.set(serverUrl, node);
      this.#setup.logger.info({ serverUrl }, `The SFU at ${serverUrl} gets no new rooms: it was removed`);
    }
    for (const each of options) {
      const known = this.find(each.serverUrl);
      const node = known ?? this.#setup.makeNode(each);
      node.weight = each.weight;
      node.maxStreams = each.maxStreams;
      this.#removed.delete(each.serverUrl);
      this.#nodes.set(each.serverUrl, node);
    }
    this.#sweep();
  }

  close(): void {
    clearTimeout(this.#sweeping);
    for (const { server } of this.all) server.close();
  }

  #sweep(): void {
    clearTimeout(this.#sweeping);
    for (const [serverUrl, { server }] of this.#removed) {
      if (server.streamCount > 0) continue;
      this.#removed.delete(serverUrl);
      server.close();
    }
    if (this.#removed.size > 0) this.#sweeping = setTimeout(() => this.#sweep(), SWEEP_MS).unref();
  }
}
