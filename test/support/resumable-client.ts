import { fakeAnswer } from '../../src/testing/index.js';
import type { ClientSocket } from '../contract/client-socket.js';
import { ClientConnection, type WireMessage } from './client-connection.js';
import type { FrameCounts } from './frame-counts.js';
import { until } from './poll.js';

/** The session of a client, which may outlive its connections. */
interface ClientSession {
  readonly id: string;
  token: string;
  readonly counts: FrameCounts;
  readonly graceMs: number | undefined;
}

interface Options {
  /** Sends `ack` for so many frames. */
  acknowledgeEvery?: number;
  /** Whether it answers the SFU's offers. */
  answersOffers?: boolean;
  /** Throws where a message of the relay is wrong. */
  check?(message: WireMessage): void;
}

const ACKNOWLEDGE_WITHIN_MS = 5_000;

/**
 * A client that does what docs/PROTOCOL.md says of resumption, and notes where the relay does not. It has a session for longer than a
 * connection: what it sends without one is sent when the session is resumed.
 */
export class ResumableClient {
  /** The counted frames of its session, in the order of their coming, and the snapshots, as `snapshot`. */
  readonly log: WireMessage[] = [];
  /** Where the relay has not kept to the protocol. */
  readonly faults: string[] = [];
  session: ClientSession | undefined;
  /** Called when the connection that has served its session is closed. */
  onLost = () => {};
  resumptions = 0;
  readonly #connect: () => ClientSocket;
  readonly #acknowledgeEvery: number;
  readonly #answersOffers: boolean;
  readonly #check: (message: WireMessage) => void;
  #connection: ClientConnection | undefined;
  readonly #methods = new Map<unknown, string>();
  readonly #waiting = new Map<unknown, (message: WireMessage) => void>();
  #lastId = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    connect: () => ClientSocket,
    { acknowledgeEvery = 32, answersOffers = true, check = () => {} }: Options = {},
  ) {
    this.#connect = connect;
    this.#acknowledgeEvery = acknowledgeEvery;
    this.#answersOffers = answersOffers;
    this.#check = check;
  }

  /** The newest one. */
  get connection(): ClientConnection {
    if (!this.#connection) throw new Error('connect() first');
    return this.#connection;
  }

  /** Whether a connection serves its session. */
  get isAttached(): boolean {
    const { session } = this;
    const connection = this.#connection;
    return session !== undefined && connection?.counts === session.counts && connection.closed === undefined;
  }

  /** Opens another connection. What still comes on the one before is ignored. */
  async connect(): Promise<ClientConnection> {
    const socket = this.#connect();
    const connection = new ClientConnection(socket);
    socket.onText((text) => {
      if (this.#connection === connection && !connection.isDead) this.#receive(connection, JSON.parse(text));
    });
    this.#connection = connection;
    void socket.closed.then(() => this.#closed(connection));
    await socket.opened;
    return connection;
  }

  /** @returns the response */
  async join(params: object): Promise<WireMessage> {
    return this.request('join', { capabilities: ['resume'], ...params });
  }

  /** Continues the session on the newest connection, by the newest token unless another one is given. */
  resume(sessionToken = this.session?.token): Promise<WireMessage> {
    const { id, counts } = this.#requireSession();
    return this.#ask('resume', { sessionId: id, sessionToken, received: counts.received });
  }

  /** Connects and resumes. */
  async comeBack(): Promise<WireMessage> {
    await this.connect();
    return this.resume();
  }

  /** Sends a counted request. Its response may come on a later connection. */
  request(method: string, params: object = {}): Promise<WireMessage> {
    const id = this.#nextId(method);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.send({ id, method, params });
    });
  }

  /** Sends a counted notification. */
  notify(method: string, params: object = {}): void {
    this.send({ method, params });
  }

  /** Sends a counted frame, or keeps it until the session is resumed. */
  send(message: object): void {
    this.sendText(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  /** The same of a text, which may be no message. */
  sendText(text: string): void {
    const { connection } = this;
    const counts = this.session?.counts ?? connection.counts;
    counts.keep(text);
    if (connection.counts === counts && !connection.closed) connection.socket.send(text);
  }

  /** Authenticates a connection that has not resumed its session yet. */
  authenticate(token: string): Promise<WireMessage> {
    return this.session && !this.isAttached
      ? this.#ask('authenticate', { token })
      : this.request('authenticate', { token });
  }

  ping(): Promise<WireMessage> {
    return this.#ask('ping', {});
  }

  /** Acknowledges what has come. */
  acknowledge(): void {
    const { counts, socket } = this.connection;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (counts.acknowledged === counts.received) return;
    counts.acknowledged = counts.received;
    socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'ack', params: { received: counts.received } }));
  }

  /** The counted notifications of a method that have come, or the snapshots. */
  heard(method: string): Record<string, unknown>[] {
    return this.log.flatMap((message) => (message.method === method ? [message.params ?? {}] : []));
  }

  /** Resolves with the first counted notification of a method that fits. */
  notified(
    method: string,
    fits: (params: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    return until(`${method} has come`, () => this.heard(method).find(fits), { intervalMs: 2 });
  }

  /** Its session has ended; the newest connection may join. */
  forget(): void {
    this.session = undefined;
    this.log.length = 0;
  }

  /** Vanishes without a closing handshake. Resolves when the connection has closed at this end. */
  async vanish(): Promise<void> {
    const { connection } = this;
    connection.isDead = true;
    connection.socket.terminate();
    await connection.socket.closed;
  }

  async close(code = 1000): Promise<void> {
    const { socket } = this.connection;
    socket.close(code);
    await socket.closed;
  }

  /** Ends its timers and its connection. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#connection?.socket.terminate();
  }

  #requireSession(): ClientSession {
    if (!this.session) throw new Error('there is no session to resume');
    return this.session;
  }

  #nextId(method: string): number {
    this.#lastId += 1;
    this.#methods.set(this.#lastId, method);
    return this.#lastId;
  }

  /** Sends a request on the newest connection, whose response comes on it or never. */
  #ask(method: string, params: object): Promise<WireMessage> {
    const { connection } = this;
    const id = this.#nextId(method);
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    if (method === 'authenticate') connection.counts.keep(text);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, resolve);
      void connection.socket.closed.then(({ code }) =>
        reject(new Error(`closed with ${code} before the result`)),
      );
      connection.socket.send(text);
    });
  }

  #receive(connection: ClientConnection, message: WireMessage): void {
    connection.heard.push(message);
    try {
      this.#check(message);
      this.#process(connection, message);
    } catch (error) {
      this.faults.push(error instanceof Error ? error.message : String(error));
    }
  }

  #process(connection: ClientConnection, message: WireMessage): void {
    const { id, method, params = {}, error } = message;
    const isFinal = error?.data.closeCode !== undefined;
    if (method === 'goaway' || isFinal) return;
    if (method === 'ack') {
      if (params.received === connection.counts.confirmed) this.faults.push('an ack of nothing new');
      connection.counts.confirm(params.received);
      return;
    }
    const asked = this.#methods.get(id);
    const answered = this.#waiting.get(id);
    if (id !== undefined && id !== null) {
      if (!answered) this.faults.push(`a second response to ${asked} ${id}`);
      this.#waiting.delete(id);
    }
    if (asked === 'resume') this.#resumed(connection, message);
    else if (asked !== 'ping') this.#count(connection, message, asked);
    if (method === 'offer' && this.#answersOffers) this.#answer(params);
    answered?.(message);
  }

  #count(connection: ClientConnection, message: WireMessage, asked: string | undefined): void {
    const { counts } = connection;
    counts.received += 1;
    if (!this.session || this.session.counts === counts) this.log.push(message);
    const { result } = message;
    if ((asked === 'join' || asked === 'attach') && result) this.#joined(connection, result);
    else if (this.session?.counts !== counts || this.session.graceMs === undefined) return;
    else if (counts.received - counts.acknowledged >= this.#acknowledgeEvery) this.acknowledge();
    else this.#timer ??= setTimeout(() => this.#acknowledgeLate(), ACKNOWLEDGE_WITHIN_MS).unref();
  }

  #acknowledgeLate(): void {
    this.#timer = undefined;
    if (this.isAttached) this.acknowledge();
  }

  #joined({ counts }: ClientConnection, result: Record<string, unknown>): void {
    const { sessionId, sessionToken = this.session?.token, resumption, capabilities } = result;
    const graceMs = (resumption as { graceMs: number } | undefined)?.graceMs;
    const mayResume = (capabilities as string[]).includes('resume');
    if (mayResume !== (graceMs !== undefined))
      this.faults.push('"resumption" without "resume", or the reverse');
    this.session = { id: String(sessionId), token: String(sessionToken), counts, graceMs };
    if (mayResume) this.acknowledge();
  }

  #resumed(connection: ClientConnection, { result }: WireMessage): void {
    if (!result) return;
    const session = this.#requireSession();
    const { counts } = session;
    session.token = String(result.sessionToken);
    this.resumptions += 1;
    const { sent, snapshot } = result;
    if (snapshot) this.log.push({ method: 'snapshot', params: snapshot as Record<string, unknown> });
    else if (sent !== counts.received) this.faults.push(`"sent" is ${sent}, not ${counts.received}`);
    counts.received = Number(sent);
    counts.acknowledged = counts.received;
    connection.counts = counts;
    counts.confirm(result.received);
    for (const { text } of counts.unacknowledged) connection.socket.send(text);
  }

  #answer({ sdp, peer }: Record<string, unknown>): void {
    const desc = { type: 'answer', sdp: fakeAnswer(String(sdp)) };
    this.notify('answer', peer === undefined ? { desc } : { desc, peer });
  }

  #closed(connection: ClientConnection): void {
    if (this.session?.counts === connection.counts && this.#connection === connection) this.onLost();
  }
}
