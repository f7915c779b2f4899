import { afterEach, expect } from 'vitest';
import { anonymous, type ConnectionOptions, SfuRelay, type SfuRelayOptions } from '../../../src/index.js';
import { type ScriptedSfu, type ScriptedStream, startScriptedSfu } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import { RawSocket } from '../raw-socket.js';
import { Bystander, joinParams } from './bystander.js';

/** A server of one transport, listening on a free port of 127.0.0.1. */
export interface HostileServer {
  readonly port: number;
  /** Bytes that wait for the client that is furthest behind. */
  buffered(): number;
  stop(): Promise<void>;
}

export type Serve = (relay: SfuRelay, options: ConnectionOptions) => Promise<HostileServer>;

type Options = ConnectionOptions & Partial<Pick<SfuRelayOptions, 'authenticate' | 'hooks'>>;

/** Opens the stage of one test; `expectedFaults` is what the relay may log as errors. */
export type Start = (options?: Options & { expectedFaults?: string[] }) => Promise<Stage>;

/** A relay before a scripted SFU, a bystander who has joined, and the hostile sockets of one test. */
export class Stage {
  readonly sfu: ScriptedSfu;
  readonly relay: SfuRelay;
  readonly server: HostileServer;
  /** The relay's connections whose sockets have not closed. */
  readonly attached = new Set<object>();
  /** What the relay logged as an error. */
  readonly faults: string[];
  readonly bystander: Bystander;
  readonly #sockets: RawSocket[] = [];

  private constructor(parts: Pick<Stage, 'sfu' | 'relay' | 'server' | 'attached' | 'faults' | 'bystander'>) {
    this.sfu = parts.sfu;
    this.relay = parts.relay;
    this.server = parts.server;
    this.attached = parts.attached;
    this.faults = parts.faults;
    this.bystander = parts.bystander;
  }

  static async open(serve: Serve, { authenticate = anonymous(), hooks = {}, ...connection }: Options) {
    const sfu = await startScriptedSfu();
    const faults: string[] = [];
    const silent = () => {};
    const relay = new SfuRelay({
      // Streams are counted.
      sfu: { serverUrl: sfu.address, probeOnStart: false },
      authenticate,
      hooks,
      logger: { debug: silent, info: silent, warn: silent, error: (_, message) => faults.push(message) },
    });
    const attached = watchAttachments(relay);
    const server = await serve(relay, connection);
    const bystander = await Bystander.join(sfu, urlOf(server));
    return new Stage({ sfu, relay, server, attached, faults, bystander });
  }

  get url(): string {
    return urlOf(this.server);
  }

  /** A hostile client, connected by TCP alone. */
  async connect(): Promise<RawSocket> {
    return this.#keep(await RawSocket.connect(this.server.port));
  }

  /** A hostile client, its WebSocket open. */
  async open(): Promise<RawSocket> {
    return this.#keep(await RawSocket.open(this.server.port));
  }

  /** A hostile client that has joined as everybody does, and its stream at the SFU. */
  async joined(uid = 'mallory'): Promise<{ raw: RawSocket; stream: ScriptedStream }> {
    const raw = await this.open();
    const { result, error } = await raw.request('join', 'join', joinParams(uid));
    if (!result) throw new Error(error?.message);
    const stream = await this.sfu.waitFor(() => this.sfu.stream(`lobby/${uid}/${result.sessionId}`));
    return { raw, stream };
  }

  /** The bystander is served, and nothing is left of anybody else. */
  async expectOnlyBystander(): Promise<void> {
    await this.bystander.expectServed();
    await this.#expectLeft(1);
  }

  /** Everybody leaves; nothing may be left then. */
  async close(): Promise<void> {
    try {
      for (const socket of this.#sockets) socket.destroy();
      await this.expectOnlyBystander();
      await this.bystander.client.close();
      await this.#expectLeft(0);
    } finally {
      await this.relay.close({ timeoutMs: 500 });
      await this.server.stop();
      await this.sfu.stop();
    }
  }

  async #expectLeft(count: number): Promise<void> {
    const left = () => ({
      attached: this.attached.size,
      sessions: this.relay.sessions.size,
      streams: this.relay.streamCount,
      atTheSfu: this.sfu.streams.size,
    });
    const wanted = { attached: count, sessions: count, streams: count, atTheSfu: count };
    await until(
      `${count} of everything is left`,
      () => {
        expect(left()).toEqual(wanted);
        return true;
      },
      { timeoutMs: 10_000, intervalMs: 10 },
    );
  }

  #keep(socket: RawSocket): RawSocket {
    this.#sockets.push(socket);
    return socket;
  }
}

/** A stage for each test; at its end the bystander is served, nothing is left, and nothing has gone wrong unseen. */
export function useStage(
  serve: Serve,
): (options?: Options & { expectedFaults?: string[] }) => Promise<Stage> {
  let stage: Stage | undefined;
  let expected: string[] = [];
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);

  afterEach(async () => {
    const ending = stage;
    stage = undefined;
    await ending?.close();
    process.off('unhandledRejection', onRejection);
    expect(rejections.splice(0)).toEqual([]);
    expect(ending?.faults).toEqual(expected);
  });

  return async ({ expectedFaults = [], ...options } = {}) => {
    expected = expectedFaults;
    process.on('unhandledRejection', onRejection);
    stage = await Stage.open(serve, options);
    return stage;
  };
}

function urlOf({ port }: HostileServer): string {
  return `ws://127.0.0.1:${port}/rtc`;
}

function watchAttachments(relay: SfuRelay): Set<object> {
  const attached = new Set<object>();
  const attach = relay.attach.bind(relay);
  const detach = relay.detach.bind(relay);
  relay.attach = (attachment) => {
    attached.add(attachment);
    attach(attachment);
  };
  relay.detach = (attachment) => {
    attached.delete(attachment);
    detach(attachment);
  };
  return attached;
}
