import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.js';
import { buildGo, freeUdpPort } from './ion.js';
import type { ClusterNode } from './ion-cluster.js';
import { IonLog } from './ion-log.js';

const shippedConfig = new URL('../../ops/ion/sfu.toml', import.meta.url);

interface Start {
  /** How it is told its file and its addresses. */
  by?: 'flags' | 'environment';
  /** Further ones. */
  flags?: readonly string[];
  env?: Record<string, string>;
  /** Of the shipped configuration. */
  change?: (toml: string) => string;
}

interface Process {
  child: Child;
  folder: string;
  log: IonLog;
  address: string;
  metricsAddress: string;
}

/** The Ion of ops/ion in a process of its own, with the configuration that is shipped with it. */
export class ProductionIon implements ClusterNode {
  /** host:port of its gRPC service. */
  readonly address: string;
  /** http://host:port */
  readonly metricsUrl: string;
  readonly #options: Start;
  #process: Process;

  private constructor(options: Start, started: Process) {
    this.#options = options;
    this.#process = started;
    this.address = started.address;
    this.metricsUrl = `http://${started.metricsAddress}`;
  }

  static async start(options: Start = {}): Promise<ProductionIon> {
    return new ProductionIon(options, await launch(options));
  }

  get log(): string {
    return this.#process.child.log;
  }

  /** The uids of the peers in its rooms. */
  get peers(): string[] {
    return this.#process.log.peers;
  }

  /** All who have joined its rooms since it was started. */
  get arrivals(): IonLog['arrivals'] {
    return this.#process.log.arrivals;
  }

  get exitCode(): number | null {
    return this.#process.child.exitCode;
  }

  alive(): boolean {
    return this.#process.child.alive();
  }

  ended(): Promise<void> {
    return this.#process.child.ended();
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.#process.child.pid, signal);
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.metricsUrl}/metrics`)).text();
    const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? [];
    if (value === undefined) throw new Error(`there is no metric ${name}`);
    return Number(value);
  }

  /** Ends the process by SIGKILL. */
  kill(): Promise<void> {
    return this.#process.child.stop('SIGKILL');
  }

  /** Starts it at the same addresses. */
  async restart(): Promise<void> {
    await this.stop();
    const { flags = [] } = this.#options;
    const addresses = ['-addr', this.address, '-metrics-addr', new URL(this.metricsUrl).host];
    this.#process = await launch({ ...this.#options, flags: [...flags, ...addresses] });
  }

  async stop(): Promise<void> {
    await this.#process.child.stop('SIGKILL');
    await rm(this.#process.folder, { recursive: true, force: true });
  }
}

async function launch(options: Start, attempts = 3): Promise<Process> {
  const { by = 'flags', flags = [], env = {}, change } = options;
  const { folder, file } = await writeConfig(change);
  const free = '127.0.0.1:0';
  const child = new Child(
    await buildGo('production-ion'),
    by === 'flags' ? ['-config', file, '-addr', free, '-metrics-addr', free, ...flags] : flags,
    {
      env: {
        ...process.env,
        ...(by === 'environment' && { ION_CONFIG: file, ION_ADDR: free, ION_METRICS_ADDR: free }),
        ...env,
      },
    },
  );
  const log = new IonLog();
  child.onLine(log.read);
  try {
    const [, address = ''] = await child.output(/listening on (\S+)/);
    const [, metricsAddress = ''] = await child.output(/metrics on (\S+)/);
    return { child, folder, log, address, metricsAddress };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    // Another process was faster to take the UDP port.
    if (attempts > 1 && child.log.includes('address already in use')) return launch(options, attempts - 1);
    throw error;
  }
}

/** What it says when it does not start, and the code it exits with. */
export async function failedStart(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ exitCode: number | null; log: string }> {
  const child = new Child(await buildGo('production-ion'), args, { env: { ...process.env, ...env } });
  await child.ended();
  return { exitCode: child.exitCode, log: child.log };
}

/** A file with the shipped configuration, `change`d, and a media port of its own. */
export async function writeConfig(
  change: (toml: string) => string = (toml) => toml,
): Promise<{ folder: string; file: string }> {
  const folder = join(tmpdir(), `production-ion-${randomUUID()}`);
  const file = join(folder, 'sfu.toml');
  const shipped = await readFile(shippedConfig, 'utf8');
  await mkdir(folder, { recursive: true });
  await writeFile(file, change(shipped.replace('singleport = 5000', `singleport = ${await freeUdpPort()}`)));
  return { folder, file };
}
