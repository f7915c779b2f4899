import { expect } from 'vitest';
import type { Authenticate, Session } from '../../../src/index.js';
import type { ScriptedStream } from '../../../src/testing/index.js';
import { expectDescribedMessage } from '../../support/described.js';
import { until } from '../../support/poll.js';
import { ResumableClient } from '../../support/resumable-client.js';
import { unauthorized } from '../../support/unauthorized.js';
import { ContractStage, type Serve } from '../contract-stage.js';

/** Of `until`. */
export const SOON = { intervalMs: 2 };

/** The token is the user. */
export const byToken: Authenticate = ({ token }) => {
  if (!token) throw unauthorized('no token');
  return { userId: token };
};

/** Somebody in the room whose client can resume. */
export interface Guest {
  client: ResumableClient;
  /** At the relay. */
  session: Session;
  /** At the SFU. */
  stream: ScriptedStream;
}

interface Entrance {
  /** Brings this token with each connection. */
  token?: string;
  answersOffers?: boolean;
}

/** A stage for clients with the capability `resume`. */
export class ResumptionStage extends ContractStage {
  #clients: ResumableClient[] = [];

  constructor(serve: Serve) {
    super(serve);
  }

  /** A client that has no connection yet. */
  readonly client = ({ token, answersOffers }: Entrance = {}): ResumableClient => {
    const protocols = ['sfu-relay.v1', ...(token === undefined ? [] : [`bearer.${token}`])];
    const client = new ResumableClient(() => this.connect(protocols, {}, ''), {
      ...(answersOffers !== undefined && { answersOffers }),
      check: expectDescribedMessage,
    });
    this.#clients.push(client);
    return client;
  };

  /** A client that has joined, and has acknowledged that. */
  readonly enter = async (uid: string, overrides: object = {}, entrance: Entrance = {}): Promise<Guest> => {
    const client = this.client(entrance);
    await client.connect();
    const { result, error } = await client.join(this.joinParams({ uid, ...overrides }));
    if (!result) throw new Error(error?.message);
    // The relay has read the acknowledgement before.
    await client.ping();
    const id = String(result.sessionId);
    const place = [result.roomId, result.userId, id].map(String).map(encodeURIComponent).join('/');
    const stream = await this.sfu.waitFor((sfu) => sfu.stream(place));
    const session = this.relay.getSession(id);
    if (!session) throw new Error('the relay has no such session');
    return { client, session, stream };
  };

  /** The client vanishes, and the relay has noticed that. */
  readonly lose = async ({ client, session }: Guest): Promise<void> => {
    await client.vanish();
    await this.detached(session);
  };

  readonly detached = (session: Session): Promise<unknown> =>
    until('the session is detached', () => session.connection === 'detached', SOON);

  /** Resolves when the session has ended. */
  readonly ended = (session: Session): Promise<unknown> =>
    until('the session has ended', () => session.state === 'closed', SOON);

  /** The code with which a resumption is refused. */
  readonly refusal = async (client: ResumableClient, token?: string): Promise<string | undefined> =>
    (await client.resume(token)).error?.data.code;

  override async tearDown(): Promise<void> {
    const clients = this.#clients;
    this.#clients = [];
    for (const client of clients) client.dispose();
    await super.tearDown();
    expect(clients.flatMap(({ faults }) => faults)).toEqual([]);
  }
}

/** The texts of the chat messages that have come. */
export function chatOf(client: ResumableClient): unknown[] {
  return client.heard('message').map(({ data }) => (data as { text?: string } | undefined)?.text);
}

export function say(client: ResumableClient, text: string) {
  return client.request('message', { kind: 'chat', data: { text } });
}
