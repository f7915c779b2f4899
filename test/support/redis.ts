import { Child } from './child.js';
import { freePort } from './listen.js';
import { redisPath } from './real.js';

/** A redis-server of a test's own, in memory only. */
export class RedisServer {
  #child: Child | undefined;

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
    const options = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', '--port', String(this.port)];
    this.#child = new Child(redisPath() ?? 'redis-server', [...options, ...this.options]);
    await this.#child.output(/Ready to accept connections/);
  }

  /** With all that it knew. */
  async stop(): Promise<void> {
    await this.#child?.stop('SIGKILL');
  }
}
