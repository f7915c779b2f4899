import { createHandler, type FetchHandler } from '../../../src/adapters/fetch.js';
import type { HttpOptions } from '../../../src/http/options.js';
import type { SfuRelay } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { expectDescribedExchange } from '../../support/described.js';
import { EventReader } from '../event-reader.js';

/** The REST API of a relay, without a network. */
export function apiOf(relay: SfuRelay, options: HttpOptions = {}): FetchHandler {
  return createHandler(relay, { gatherTimeoutMs: 0, ...options });
}

export interface Answer {
  status: number;
  headers: Headers;
  // Whatever it says: the tests look into it.
  body: ReturnType<typeof JSON.parse>;
}

/** A client of the REST API whose balancer sends each request to another process. */
export class HttpClient {
  sessionId = '';
  sessionToken = '';
  readonly #headers: Record<string, string> = {};
  readonly #readers: EventReader[] = [];

  /** @param token of a client whom the application names */
  constructor(token?: string) {
    if (token !== undefined) this.#headers.authorization = `Bearer ${token}`;
  }

  async create(api: FetchHandler, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const params = { room_id: 'lobby', user_id: 'alice', sdp: fakeOffer(), ...body };
    const answer = await this.#send(api, 'POST', '/session', params, headers);
    const { session_id, session_token } = answer.body.data ?? {};
    if (session_id !== undefined) this.assume(session_id, session_token);
    return answer;
  }

  /** It has this session. */
  assume(sessionId: string, sessionToken: string): void {
    this.sessionId = sessionId;
    this.sessionToken = sessionToken;
    this.#headers['sfu-session-token'] = sessionToken;
  }

  request(
    api: FetchHandler,
    method: string,
    path = '',
    headers: Record<string, string> = {},
    body?: object,
  ): Promise<Answer> {
    return this.#send(api, method, `/session/${this.sessionId}${path}`, body, headers);
  }

  /** Sends a message, and awaits its response. */
  signal(
    api: FetchHandler,
    method: string,
    params: object = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.request(api, 'POST', '/signal', headers, { id: 1, method, params });
  }

  async events(api: FetchHandler, headers: Record<string, string> = {}, query = ''): Promise<EventReader> {
    const url = `http://relay.test/session/${this.sessionId}/events${query}`;
    const reader = await EventReader.of((signal) =>
      api(new Request(url, { headers: { ...this.#headers, ...headers }, signal })),
    );
    this.#readers.push(reader);
    return reader;
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }

  async #send(
    api: FetchHandler,
    method: string,
    path: string,
    body: object | undefined,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const response = await api(
      new Request(`http://relay.test${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...this.#headers, ...headers },
        ...(body && { body: JSON.stringify(body) }),
      }),
    );
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
    expectDescribedExchange({ method, path, body }, answer);
    return answer;
  }
}
