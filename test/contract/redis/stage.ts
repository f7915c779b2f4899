import { randomUUID } from 'node:crypto';
import type { Membership, ProcessCard, RoomChange, RoomLog } from '../../../src/backplane/backplane.js';
import { type RedisBackplane, redisBackplane } from '../../../src/plugins/redis/index.js';
import type { Logger } from '../../../src/util/logger.js';
import { RedisServer } from '../../support/redis.js';
import { RedisClients, type RedisPackage } from '../../support/redis-clients.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { recorder } from '../backplane-suites/stage.js';

/** A process that has the room `lobby` open. */
export interface Peer {
  readonly backplane: RedisBackplane;
  readonly membership: Membership;
  readonly log: RoomLog;
  /** What its sink was told. */
  readonly news: unknown[];
  /** What others have sent to it. */
  readonly texts: string[];
  /** Warnings of its log. */
  readonly warnings: string[];
}

/** Processes with a Redis of their own, some of them behind a proxy. All ends with the test. */
export class RedisStage {
  readonly prefix = `test-${randomUUID()}`;
  readonly clients = new RedisClients();
  readonly #backplanes: RedisBackplane[] = [];
  readonly #proxies: TcpProxy[] = [];

  private constructor(readonly server: RedisServer) {}

  /** @param options of redis-server */
  static async start(options: readonly string[] = []): Promise<RedisStage> {
    return new RedisStage(await RedisServer.start(options));
  }

  async proxy(): Promise<TcpProxy> {
    const proxy = await TcpProxy.start(this.server.port);
    this.#proxies.push(proxy);
    return proxy;
  }

  async backplane(name: RedisPackage, url = this.server.url, logger: Logger | false = false) {
    const client = await this.clients.connect(name, url);
    const backplane = redisBackplane({ client, prefix: this.prefix, logger });
    this.#backplanes.push(backplane);
    return backplane;
  }

  async peer(processId: string, name: RedisPackage = 'redis', url = this.server.url): Promise<Peer> {
    const warnings: string[] = [];
    const texts: string[] = [];
    const ignore = () => {};
    const logger = {
      ...{ debug: ignore, info: ignore },
      warn: (_: object, message: string) => warnings.push(message),
      error: (_: object, message: string) => warnings.push(message),
    };
    const backplane = await this.backplane(name, url, logger);
    const membership = await backplane.enter(cardOf(processId), (text) => texts.push(text));
    const { sink, news } = recorder();
    return { backplane, membership, log: await backplane.open('lobby', sink), news, texts, warnings };
  }

  /** Runs a command by a connection of its own. */
  async redis(...command: string[]): Promise<unknown> {
    const client = (await this.clients.connect('redis', this.server.url)) as unknown as {
      sendCommand(command: string[]): Promise<unknown>;
      destroy(): void;
    };
    return client.sendCommand(command);
  }

  /** All that Redis has of these processes. */
  async keys(): Promise<string[]> {
    return (await this.redis('KEYS', `${this.prefix}*`)) as string[];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#backplanes.map((each) => each.close()));
    this.clients.close();
    await Promise.all(this.#proxies.map((each) => each.stop()));
    await this.server.stop();
  }
}

export const cardOf = (processId: string): ProcessCard => ({
  processId,
  format: 1,
  version: '0.1.0',
  nodes: [],
});

/** Gives sessions a seat, or takes it. */
export const seat =
  (...sessions: string[]) =>
  (): RoomChange => ({ seats: new Map(sessions.map((id) => [id, { userId: `user of ${id}` }])) });

export const seatsOf = ({ log }: Peer): string[] => [...(log.state.seats?.keys() ?? [])].sort();

/** The revisions of which a process was told, snapshots left out. */
export const changesOf = ({ news }: Peer): number[] =>
  (news as { revision: number; change?: unknown }[]).flatMap(({ revision, change }) =>
    change ? [revision] : [],
  );

export const snapshotsOf = ({ news }: Peer): unknown[] =>
  (news as object[]).filter((each) => 'snapshot' in each);

/** The messages of which a process was told. */
export const notesOf = ({ news }: Peer): string[] =>
  (news as { entry?: { message?: { id: string } } }[]).flatMap(({ entry }) => entry?.message?.id ?? []);
