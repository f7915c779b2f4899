import { execFile } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import { promisify } from 'node:util';
import { WebSocketServer } from 'ws';
import { useServer } from '../../src/adapters/ws.js';
import type { HttpOptions } from '../../src/http/options.js';
import { anonymous, SfuRelay, type SfuRelayOptions } from '../../src/index.js';
import { type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { expectDescribedExchange } from '../support/described.js';
import { closeServer, listen } from '../support/listen.js';
import { EventReader } from './event-reader.js';

export const MOUNT = '/api/v1/sfu';

/** A server with the API at MOUNT; what is not the API's is answered with 404 and `not the API`. */
export type MakeListener = (relay: SfuRelay | undefined, options: HttpOptions) => RequestListener | Server;

export interface JsonResponse {
  status: number;
  headers: Headers;
  // Whatever it says: the tests look into it.
  body: ReturnType<typeof JSON.parse>;
}

/** A scripted SFU, a relay, and an HTTP server with one adapter, and WebSockets beside it. */
export class HttpStage {
  readonly #makeListener: MakeListener;
  #sfu: ScriptedSfu | undefined;
  #relay: SfuRelay | undefined;
  #server: Server | undefined;
  #port = 0;
  #readers: EventReader[] = [];
  /** Of the sessions that were created here, by their ids. */
  readonly #tokens = new Map<string, string>();

  constructor(makeListener: MakeListener) {
    this.#makeListener = makeListener;
  }

  get sfu(): ScriptedSfu {
    if (!this.#sfu) throw new Error('the stage is not set up');
    return this.#sfu;
  }

  get relay(): SfuRelay {
    if (!this.#relay) throw new Error('the stage is not set up');
    return this.#relay;
  }

  get origin(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get url(): string {
    return `http://${this.origin}${MOUNT}`;
  }

  get webSocketUrl(): string {
    return `ws://${this.origin}/rtc`;
  }

  /** Starts a relay and its server, instead of those that there are. */
  readonly start = async (
    options: HttpOptions &
      Pick<Partial<SfuRelayOptions>, 'authenticate' | 'hooks' | 'joinTimeoutMs' | 'iceServers'> & {
        relay?: Partial<SfuRelayOptions>;
        withoutRelay?: boolean;
      } = {},
  ): Promise<void> => {
    const {
      authenticate = anonymous(),
      hooks = {},
      joinTimeoutMs = 15_000,
      iceServers = [],
      withoutRelay,
      relay = {},
      ...http
    } = options;
    await this.#stop();
    this.#relay = new SfuRelay({
      sfu: { serverUrl: this.sfu.address, probeOnStart: false },
      authenticate,
      hooks,
      joinTimeoutMs,
      iceServers,
      ...relay,
    });
    const listener = this.#makeListener(withoutRelay ? undefined : this.#relay, http);
    this.#server = typeof listener === 'function' ? createServer(listener) : listener;
    useServer(this.#relay, new WebSocketServer({ server: this.#server, path: '/rtc' }));
    this.#port = await listen(this.#server);
  };

  readonly request = async (
    method: string,
    path: string,
    body?: unknown,
    { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<JsonResponse> => {
    const response = await fetch(this.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...this.#tokenFor(path), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    const answer = {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    };
    const sent = typeof body === 'string' && answer.status < 300 ? JSON.parse(body) : body;
    expectDescribedExchange({ method, path, body: sent }, answer);
    const { session_id, session_token } = answer.body.data ?? {};
    if (session_token !== undefined) this.#tokens.set(session_id, session_token);
    return answer;
  };

  readonly events = async (
    sessionId: string,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<EventReader> => {
    const path = `/session/${sessionId}/events`;
    const reader = await EventReader.open(this.url + path + query, { ...this.#tokenFor(path), ...headers });
    this.#readers.push(reader);
    return reader;
  };

  /** Runs curl, as in the documentation, and gives what it prints. */
  readonly curl = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('curl', ['--silent', '--show-error', ...args])).stdout;

  async setUp(): Promise<void> {
    this.#sfu = await startScriptedSfu();
    await this.start();
  }

  async tearDown(): Promise<void> {
    await this.#stop();
    await this.sfu.stop();
  }

  /** Sends this token with the requests for a session that was not created here. */
  knowToken(sessionId: string, token: string): void {
    this.#tokens.set(sessionId, token);
  }

  /** The token of a session that was created here. */
  tokenOf(sessionId: string): string {
    const token = this.#tokens.get(sessionId);
    if (token === undefined) throw new Error('no session was created by this id');
    return token;
  }

  #tokenFor(path: string): Record<string, string> {
    const token = this.#tokens.get(decodeURIComponent(/^\/session\/([^/?]+)/.exec(path)?.[1] ?? ''));
    return token === undefined ? {} : { 'sfu-session-token': token };
  }

  async #stop(): Promise<void> {
    for (const reader of this.#readers.splice(0)) await reader.close();
    await this.#relay?.close({ timeoutMs: 500 });
    if (this.#server) await closeServer(this.#server);
  }
}
