import { RelayProcess } from '../cluster/relay-process.js';
import { startIon } from '../support/ion.js';
import { IonCluster } from '../support/ion-cluster.js';
import { freePort } from '../support/listen.js';
import { RedisServer } from '../support/redis.js';
import { HaProxy } from './haproxy.js';

/** Longer than HAProxy takes to notice. */
const CLOSING = { readinessDelayMs: 1_500, drainMs: 1_500 };
/** Of relays: where they have a machine of their own, their start takes no CPU from browsers that decode video. */
const NICENESS = 10;
/** Scripted clients have no ICE. */
const ICE_TIMEOUT_S = 600;

/** What runs in production: relays behind a load balancer, SFU nodes, a Redis. */
export class DrillSite {
  readonly #script: string;
  readonly #cleanUp: (() => Promise<unknown>)[] = [];
  readonly #relays: RelayProcess[] = [];
  #startRelay: (n: number) => Promise<RelayProcess> = () => Promise.reject(new Error('not started'));
  #ions: IonCluster | undefined;
  #proxy: HaProxy | undefined;

  private constructor(script: string) {
    this.#script = script;
  }

  /** @param script of a relay process: test/cluster/relay.ts, compiled */
  static async start(script: string, relays: number, nodes: number): Promise<DrillSite> {
    const site = new DrillSite(script);
    try {
      await site.#start(relays, nodes);
      return site;
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  /** Where clients connect. */
  get url(): string {
    return this.#proxy?.url ?? '';
  }

  get nodes(): readonly string[] {
    return this.#ions?.addresses ?? [];
  }

  /** Replaces a relay by a new process, as a deploy does. @returns the exit code of the old one */
  async restart(n: number): Promise<number | null> {
    const before = this.#relays[n] as RelayProcess;
    before.signal('SIGTERM');
    await before.child.ended();
    this.#relays[n] = await this.#startRelay(n);
    await this.#proxy?.serves(n);
    return before.child.exitCode;
  }

  /** Empties a node, replaces its process, and lets rooms come again. @returns why it could not be emptied */
  async upgrade(address: string): Promise<string[]> {
    const reports = await Promise.all(
      this.#relays.map(async (relay) => (await this.#drain('PUT', relay, address)).error),
    );
    await this.#ions?.at(address).restart();
    for (const relay of this.#relays) await this.#drain('DELETE', relay, address);
    return reports.flatMap((error) => error ?? []);
  }

  async stop(): Promise<void> {
    for (const end of this.#cleanUp.splice(0)) await end();
  }

  async #start(relays: number, nodes: number): Promise<void> {
    const redis = await RedisServer.start();
    this.#cleanUp.unshift(() => redis.stop());
    const ions = await IonCluster.start(nodes, () => startIon({ iceTimeoutSeconds: ICE_TIMEOUT_S }));
    this.#ions = ions;
    this.#cleanUp.unshift(() => ions.stop());
    const ports = await Promise.all(Array.from({ length: relays }, freePort));
    this.#startRelay = (n) =>
      RelayProcess.start(
        this.#script,
        {
          redis: redis.url,
          client: n % 2 === 0 ? 'redis' : 'ioredis',
          nodes: ions.addresses,
          options: {},
          port: ports[n] as number,
          closing: CLOSING,
        },
        NICENESS,
      );
    this.#cleanUp.unshift(() => Promise.all(this.#relays.map(({ child }) => child.stop('SIGKILL'))));
    for (const n of ports.keys()) this.#relays.push(await this.#startRelay(n));
    const proxy = await HaProxy.start(ports);
    this.#proxy = proxy;
    this.#cleanUp.unshift(() => proxy.stop());
  }

  async #drain(
    method: 'PUT' | 'DELETE',
    { port }: RelayProcess,
    address: string,
  ): Promise<{ error?: string }> {
    const response = await fetch(`http://127.0.0.1:${port}/draining/${address}`, { method });
    return response.json();
  }
}
