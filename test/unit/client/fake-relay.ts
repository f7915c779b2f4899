import type { JoinResult, ResumeParams } from '../../../src/protocol/messages.js';
import { FakeSocket } from './fake-browser.js';
import { joinResult } from './participant.js';

interface Message {
  id?: number | undefined;
  method: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the client sends.
  params: any;
  result?: unknown;
  error?: unknown;
}
type Answer = (params: Message['params']) => unknown;

/** What a session and its client have exchanged, over all connections. */
interface Link {
  received: number;
  sent: number;
  /** The client has received so many. */
  released: number;
  /** Those after these. */
  log: string[];
}

interface Connection {
  readonly socket: FakeSocket;
  link: Link;
  isOver: boolean;
  /** Frames under way, by direction. */
  readonly queues: { up: Promise<void>; down: Promise<void> };
}

const UNCOUNTED = /^(ack|ping|resume|goaway)$/;
const ABOUT_THE_ROOM = /"method":"(participants|tracks|message|room|grants|mute)"/;
const newLink = (): Link => ({ received: 0, sent: 0, released: 0, log: [] });

/**
 * A relay with one session, which it keeps when the connection breaks (docs/PROTOCOL.md, Resumption). It serves every WebSocket
 * that is made, opens it by itself, and complains of everything that the protocol forbids in `faults`.
 */
export class FakeRelay {
  readonly connections: Connection[] = [];
  /** What the client has sent and counted, in the order of processing, over all connections. */
  readonly processed: Message[] = [];
  readonly faults: string[] = [];
  /** `resume` requests, with what was answered. */
  readonly resumes: (ResumeParams & { outcome: string })[] = [];
  joins: Message['params'][] = [];
  acks: number[] = [];
  results: Record<string, Answer> = {
    offer: () => ({ type: 'answer', sdp: 'v=0\r\n' }),
    subscribe: () => ({}),
    update: () => ({}),
    moderate: () => ({}),
    leave: () => ({}),
    authenticate: () => ({ userId: 'me' }),
    message: ({ id }) => ({ id, at: 1 }),
    rejoin: ({ peer }) => this.#joinResult({ peer }),
  };
  joinResult: Partial<JoinResult> = {};
  /** Sockets stay as they are, closed; set to false while the network is down. */
  isReachable = true;
  /** ms that a frame is under way; the default is the same turn. */
  latency: (() => number) | undefined;
  /** Refuses the next `resume` with this code. */
  refusal: { code: string; retryable?: boolean; retryAfterMs?: number } | undefined;
  /** Refuses the next `join` with this code. */
  joinRefusal: { code: string } | undefined;
  /** Replaces the missed messages about the room. */
  snapshot: Partial<JoinResult> | undefined;
  /** What the relay has to say right after the missed frames. */
  afterResume: () => void = () => {};
  isJoined = false;
  #isAcknowledged = false;
  #link = newLink();
  #sessions = 0;
  #tokens: string[] = [];
  #attached: Connection | undefined;

  constructor() {
    this.serve();
  }

  /** Serves the sockets that are made from now on. */
  serve(): void {
    FakeSocket.onMade = (socket) => this.#serve(socket);
  }

  get newest(): FakeSocket {
    return this.#newest.socket;
  }
  get #newest(): Connection {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error('there is no connection yet');
    return connection;
  }
  get isAttached(): boolean {
    return this.#attached !== undefined;
  }
  get token(): string {
    return this.#tokens.at(-1) ?? '';
  }
  methods(): string[] {
    return this.processed.map(({ method }) => method);
  }

  /** Sends the client of the session a notification, now or after it has resumed. */
  notify(method: string, params: unknown): void {
    this.#send(this.#attached, this.#link, { method, params });
  }

  /** Answers the client's last request, if that has no answer yet. */
  answerLast(result: unknown): void {
    const { id } = this.processed.at(-1) ?? {};
    if (this.#attached) this.#answer(this.#attached, id, result);
  }

  /** The relay's heartbeat. */
  acknowledge(): void {
    if (this.#attached) this.#transmit(this.#attached, 'ack', this.#link.received);
  }

  /** The connection breaks: what is under way is lost. `code` null: the client is not told. */
  cut(code: number | null = 1006, connection = this.#newest): void {
    this.#end(connection);
    if (code !== null) connection.socket.end(code);
  }

  /** The relay closes the connection, which ends the session unless it is of those that detach. */
  close(code: number, reason = ''): void {
    if (![4508, 4413].includes(code)) this.end();
    this.#end(this.#newest);
    this.newest.end(code, reason);
  }

  /** The session has ended. */
  end(): void {
    this.isJoined = false;
    this.#tokens = [];
    this.#attached = undefined;
  }

  #serve(socket: FakeSocket): void {
    const queues = { up: Promise.resolve(), down: Promise.resolve() };
    const connection: Connection = { socket, link: newLink(), isOver: false, queues };
    this.connections.push(connection);
    socket.send = (text) => {
      const message = JSON.parse(text) as Message;
      socket.sent.push(message);
      this.#later(connection, 'up', () => this.#read(connection, message));
    };
    socket.close = (code = 1005) => {
      socket.closedWith ??= code;
      socket.readyState = 2;
      if (connection.isOver) return;
      this.#end(connection);
      if (code === 1000 && connection.link === this.#link) this.end();
    };
    if (!this.isReachable) {
      connection.isOver = true;
      void Promise.resolve().then(() => socket.end(1006));
    } else this.#later(connection, 'down', () => socket.open());
  }

  #later({ queues }: Connection, direction: 'up' | 'down', act: () => void): void {
    const { latency } = this;
    const connection = this.connections.find((each) => each.queues === queues) as Connection;
    queues[direction] = queues[direction].then(async () => {
      if (latency) await new Promise((resolve) => setTimeout(resolve, latency()));
      if (!connection.isOver) act();
    });
  }

  #end(connection: Connection): void {
    connection.isOver = true;
    if (this.#attached !== connection) return;
    this.#attached = undefined;
    // The client may not know of it.
    if (!this.#isAcknowledged) this.end();
  }

  #read(connection: Connection, message: Message): void {
    const { id, method, params } = message;
    if (method === 'ping') this.#answer(connection, id, {}, false);
    else if (method === 'resume') this.#resume(connection, message);
    else if (method === 'ack') this.#acknowledged(connection, params.received);
    else this.#process(connection, message);
  }

  #acknowledged(connection: Connection, received: number): void {
    const { link } = connection;
    if (!(received > link.released && received <= link.sent)) this.faults.push(`ack ${received}`);
    if (link !== this.#link) this.faults.push('ack without a session');
    this.#release(received);
    this.acks.push(received);
    this.#isAcknowledged = true;
    this.#tokenUsed(connection);
  }

  #process(connection: Connection, message: Message): void {
    const { id, method, params } = message;
    const { link } = connection;
    link.received += 1;
    this.processed.push(message);
    this.#tokenUsed(connection);
    if (method === 'join') this.#join(connection, message);
    else if (method === 'leave' && !params?.peer) {
      if (this.#attached === connection) this.end();
      this.#answer(connection, id, {});
    } else {
      const result = this.results[method]?.(params);
      if (id !== undefined && result !== undefined) this.#answer(connection, id, result);
    }
    if (this.#attached === connection && link.received % 32 === 0) this.acknowledge();
  }

  #tokenUsed(connection: Connection): void {
    if (this.#attached === connection) this.#tokens.splice(0, this.#tokens.length - 1);
  }

  #joinResult(overrides: Partial<JoinResult> = {}): JoinResult {
    const resumption = { graceMs: 30_000 };
    const capabilities: JoinResult['capabilities'] = ['rejoin', 'resume'];
    return joinResult({ capabilities, resumption, ...this.joinResult, ...overrides });
  }

  #join(connection: Connection, { id, params }: Message): void {
    this.joins.push(params);
    const { joinRefusal } = this;
    this.joinRefusal = undefined;
    if (joinRefusal) {
      const error = { code: -32000, message: 'No.', data: { retryable: false, ...joinRefusal } };
      this.#send(connection, connection.link, { id, error });
      return;
    }
    this.end();
    this.isJoined = true;
    this.#link = connection.link;
    this.#attached = connection;
    this.#isAcknowledged = false;
    this.#sessions += 1;
    this.#tokens = [`token ${this.#sessions}.0`];
    const result = { sessionId: `session ${this.#sessions}`, sessionToken: this.token };
    this.#answer(connection, id, this.#joinResult(result));
  }

  /** Why the session can't be resumed. */
  #refusalOf({ sessionId, sessionToken, received }: ResumeParams): FakeRelay['refusal'] {
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal) return refusal;
    const { released, sent } = this.#link;
    if (!this.isJoined || sessionId !== `session ${this.#sessions}`)
      return { code: 'ERR_RELAY_SESSION_NOT_FOUND' };
    if (!this.#tokens.includes(sessionToken)) return { code: 'ERR_RELAY_FORBIDDEN' };
    return received < released || received > sent ? { code: 'ERR_RELAY_INVALID_PARAMS' } : undefined;
  }

  #resume(connection: Connection, { id, params }: Message): void {
    const refusal = this.#refusalOf(params);
    this.resumes.push({ ...params, outcome: refusal?.code ?? 'resumed' });
    if (refusal) {
      const data = { retryable: false, ...refusal };
      this.#send(connection, undefined, {
        id,
        error: { code: -32000, message: `No: ${refusal.code}.`, data },
      });
      return;
    }
    const link = this.#link;
    if (this.#attached) this.cut(4409, this.#attached);
    connection.link = link;
    this.#attached = connection;
    this.#release(params.received);
    this.#tokens = [params.sessionToken, `token ${this.#sessions}.${this.resumes.length}`];
    const snapshot = this.snapshot && this.#joinResult(this.snapshot);
    this.snapshot = undefined;
    if (snapshot) link.log = link.log.filter((frame) => !ABOUT_THE_ROOM.test(frame));
    const result = { sessionToken: this.token, received: link.received, sent: link.sent - link.log.length };
    this.#answer(connection, id, { ...result, ...(snapshot && { snapshot }) }, false);
    for (const frame of link.log) this.#later(connection, 'down', () => connection.socket.receive(frame));
    this.afterResume();
  }

  #release(received: number): void {
    const link = this.#link;
    link.released = received;
    link.log.splice(0, Math.max(0, link.log.length - (link.sent - received)));
  }

  #answer(connection: Connection, id: Message['id'], result: unknown, isCounted = true): void {
    this.#send(connection, isCounted ? connection.link : undefined, { id, result });
  }

  #transmit(connection: Connection, method: 'ack', received: number): void {
    this.#send(connection, undefined, { method, params: { received } });
  }

  #send(connection: Connection | undefined, link: Link | undefined, message: Partial<Message>): void {
    const frame = JSON.stringify({ jsonrpc: '2.0', ...message });
    if (link && !UNCOUNTED.test(message.method ?? '')) {
      link.sent += 1;
      link.log.push(frame);
    }
    if (connection) this.#later(connection, 'down', () => connection.socket.receive(frame));
  }
}
