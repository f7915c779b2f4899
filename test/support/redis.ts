import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.js';
import { freePort } from './listen.js';
import { redisPath } from './real.js';

/** A redis-server of a test's own, in memory only. */
export class RedisServer {
  #child: Child | undefined;
  #folder: string | undefined;

  private constructor(
    readonly port: number,
    private readonly options: readonly string[],
  ) {}

  static async start(options: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** On the port that it had. */
  async start(): Promise<void> {
    // Replicas write what they get from their primary to a file, nodes of a cluster what they know of it.
    this.#folder = await mkdtemp(join(tmpdir(), 'sfu-relay-redis-'));
    const options = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', '--port', String(this.port)];
    const child = new Child(redisPath() ?? 'redis-server', [
      ...options,
      ...['--dir', this.#folder],
      ...this.options,
    ]);
    this.#child = child;
    await child.output(/Ready to accept connections/);
  }

  /** It accepts connections, and answers nothing until it goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#child) process.kill(this.#child.pid, signal);
  }

  /** With all that it knew. */
  async stop(): Promise<void> {
    await this.#child?.stop('SIGKILL');
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }
}
