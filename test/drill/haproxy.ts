import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { freePort } from '../support/listen.js';
import { until } from '../support/poll.js';
import { serverPath } from '../support/real.js';

/** The column of HAProxy's statistics that has the state of a server. */
const STATUS = 17;

/** A real HAProxy in front of relay processes. It sends new connections to those that are ready, in turn; the others keep theirs. */
export class HaProxy {
  readonly url: string;
  readonly #child: Child;
  readonly #folder: string;
  readonly #statsUrl: string;

  private constructor(child: Child, folder: string, port: number, statsPort: number) {
    this.#child = child;
    this.#folder = folder;
    this.url = `ws://127.0.0.1:${port}/rtc`;
    this.#statsUrl = `http://127.0.0.1:${statsPort}/;csv`;
  }

  /** @param ports of the relays, which are named relay-1, relay-2, … */
  static async start(ports: readonly number[]): Promise<HaProxy> {
    const folder = await mkdtemp(join(tmpdir(), 'sfu-relay-drill-'));
    const file = join(folder, 'haproxy.cfg');
    const [port, statsPort] = [await freePort(), await freePort()];
    await writeFile(file, configuration(port, statsPort, ports));
    const child = new Child(serverPath('haproxy') ?? 'haproxy', ['-db', '-f', file]);
    const proxy = new HaProxy(child, folder, port, statsPort);
    for (const n of ports.keys()) await proxy.serves(n);
    return proxy;
  }

  /** Resolves when it sends clients to the nth relay. */
  async serves(n: number): Promise<void> {
    await until(
      `HAProxy sends clients to relay ${n + 1}`,
      async () => {
        if (!this.#child.alive()) throw new Error(`HAProxy has ended:\n${this.#child.log}`);
        const lines = (await (await fetch(this.#statsUrl)).text()).split('\n');
        const line = lines.find((each) => each.startsWith(`relays,relay-${n + 1},`));
        return line?.split(',')[STATUS]?.startsWith('UP');
      },
      { intervalMs: 50 },
    );
  }

  async stop(): Promise<void> {
    await this.#child.stop('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function configuration(port: number, statsPort: number, ports: readonly number[]): string {
  return `
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  retries 3
  option redispatch

frontend clients
  bind 127.0.0.1:${port}
  default_backend relays

frontend statistics
  bind 127.0.0.1:${statsPort}
  stats enable
  stats uri /

backend relays
  balance roundrobin
  option httpchk GET /sfu/health/ready
  http-check expect status 200
  default-server check inter 250ms fall 2 rise 1
${ports.map((each, n) => `  server relay-${n + 1} 127.0.0.1:${each}\n`).join('')}`;
}
