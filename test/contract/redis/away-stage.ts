import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { chat, gift, like, type Session, type SfuRelay } from '../../../src/index.js';
import { type RedisBackplane, redisBackplane } from '../../../src/plugins/redis/index.js';
import type { Logger } from '../../../src/util/logger.js';
import { eventually } from '../../support/eventually.js';
import { RedisServer } from '../../support/redis.js';
import { RedisClients } from '../../support/redis-clients.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { SharedStage } from '../shared-suites/stage.js';

const messages = { chat: chat(), gift: gift(), like: like({ windowMs: 5 }) };

/** Relays that share their rooms by a Redis of their own, each behind a proxy. All ends with the test. */
export class AwayStage {
  readonly warnings: [object, string][] = [];
  readonly #server: RedisServer;
  readonly #clients = new RedisClients();
  readonly #proxies: TcpProxy[] = [];
  readonly #backplanes: RedisBackplane[] = [];
  readonly #shared: SharedStage;

  private constructor(server: RedisServer, shared: SharedStage) {
    this.#server = server;
    this.#shared = shared;
  }

  static async start(): Promise<AwayStage> {
    const backplanes: RedisBackplane[] = [];
    const shared = new SharedStage(() => ({ backplane: (n) => backplanes[n] as RedisBackplane }));
    await shared.setUp();
    const stage = new AwayStage(await RedisServer.start(), shared);
    const prefix = `test-${randomUUID()}`;
    const ignore = () => {};
    const warn = (fields: object, text: string) => stage.warnings.push([fields, text]);
    const logger: Logger = { debug: ignore, info: ignore, warn, error: warn };
    for (let n = 0; n < 2; n += 1) {
      const proxy = await TcpProxy.start(stage.#server.port);
      stage.#proxies.push(proxy);
      const client = await stage.#clients.connect('redis', proxy.url);
      backplanes.push(redisBackplane({ client, prefix, timeoutMs: 200, logger }));
    }
    stage.#backplanes.push(...backplanes);
    return stage;
  }

  async stop(): Promise<void> {
    await this.#shared.tearDown();
    this.#clients.close();
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await this.#server.stop();
  }

  two(options: Parameters<SharedStage['two']>[0] = {}): [SfuRelay, SfuRelay] {
    return this.#shared.two({ messages, ...options });
  }

  /** Redis is killed: it comes back empty. */
  async kill(): Promise<void> {
    await this.#server.stop();
    await this.#noticed(true);
  }

  /** The second process is back when the first one has told all that waited. */
  async startAgain(): Promise<void> {
    const [first, second] = [0, 1] as const;
    (this.#proxies[second] as TcpProxy).refuses = true;
    await this.#server.start();
    await this.#noticed(false, first);
    await this.told(first);
    await this.reconnect(second);
  }

  /** Nothing waits in process `n` any more. */
  async told(n: number): Promise<void> {
    const { outage } = this.#backplanes[n] as RedisBackplane;
    await eventually(() => expect(outage.waiting).toEqual({ messages: 0, changes: 0 }));
  }

  /** Redis stands still: it comes back with what it had, and gets what it was sent. */
  async freeze(): Promise<void> {
    this.#server.signal('SIGSTOP');
    await this.#noticed(true);
  }

  async goOn(): Promise<void> {
    this.#server.signal('SIGCONT');
    await this.#noticed(false);
  }

  /** Only one process does not reach Redis. */
  async cutOff(n: number): Promise<void> {
    const proxy = this.#proxies[n] as TcpProxy;
    proxy.refuses = true;
    proxy.cut();
    await this.#noticed(true, n);
  }

  async reconnect(n: number): Promise<void> {
    (this.#proxies[n] as TcpProxy).refuses = false;
    await this.#noticed(false, n);
  }

  /** Acts at the moment in which the outage is over for process `n`: what has waited there has not been told yet. */
  whenBack<T>(n: number, act: () => T | Promise<T>): Promise<T> {
    const { outage } = this.#backplanes[n] as RedisBackplane;
    return new Promise((resolve) => {
      const listener = {
        waiting: { messages: 0, changes: 0 },
        began: () => {},
        ended: () => {
          outage.forget(listener);
          resolve(act());
        },
      };
      outage.listen(listener);
    });
  }

  /** What process `n` sends arrives, and it gets no answer. */
  loseReplies(n: number, isLost: boolean): void {
    (this.#proxies[n] as TcpProxy).losesReplies = isLost;
  }

  async #noticed(isAway: boolean, ...which: number[]): Promise<void> {
    const all = which.length > 0 ? which : this.#backplanes.map((_, n) => n);
    const outages = all.map((n) => (this.#backplanes[n] as RedisBackplane).outage);
    await eventually(() => expect(outages.map(({ isOn }) => isOn)).toEqual(outages.map(() => isAway)));
  }
}

export const say = (session: Session, text: string, to?: string) =>
  session.send({ kind: 'chat', data: { text }, ...(to !== undefined && { to }) });

export const textsOf = ({ room }: Session) =>
  room.recentMessages.flatMap(({ kind, data }) => (kind === 'chat' ? [(data as { text: string }).text] : []));

export const likesOf = ({ room }: Session): unknown =>
  (room.recentMessages.find(({ kind }) => kind === 'like')?.data as { total?: number } | undefined)?.total;
