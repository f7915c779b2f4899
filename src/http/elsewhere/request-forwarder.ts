import type { Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { SessionsElsewhere } from '../../relay/shared/handover/sessions-elsewhere.js';
import type { AuthenticatedClient } from '../../signaling/authentication/authenticated-client.js';
import { unlessAborted } from '../../util/cancellation.js';
import { noop } from '../../util/noop.js';
import { type ApiRequest, type ApiResponse, checkPresent } from '../exchange.js';
import type { ResolvedHttpOptions } from '../options.js';
import { ForwardedEvents } from './forwarded-events.js';
import { type ForwardedRequest, toForwarded } from './forwarded-request.js';

/** ms that the process of a session has for a request; the SFU has less for an answer. */
const ANSWER_MS = 30_000;
/** ms by which a piece of an event stream may be later than its next comment. */
const PIECE_SLACK_MS = 5_000;
/** So many processes are asked for a session that moves on meanwhile. */
const MAX_ASKED = 3;

/** The response of another process; its body is text, or an event stream there. */
export interface RemoteResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly stream?: { readonly id: string; readonly first?: string | undefined };
}

/** Sends requests for the sessions of other processes there. */
export class RequestForwarder<P extends Principal> {
  readonly #relay: SfuRelay<P>;
  readonly #options: ResolvedHttpOptions;

  constructor(relay: SfuRelay<P>, options: ResolvedHttpOptions) {
    this.#relay = relay;
    this.#options = options;
  }

  /**
   * @param route what follows the id of the session in the path
   * @returns undefined where no other process has the session
   * @throws RelayError `ERR_RELAY_UNAVAILABLE`: it does not answer
   */
  async forward(
    client: AuthenticatedClient<P>,
    request: ApiRequest,
    sessionId: string,
    route: string,
  ): Promise<ApiResponse | undefined> {
    const { elsewhere } = this.#relay;
    // What was forwarded to this process is not sent round.
    if (!elsewhere || request.forwarded || this.#relay.getSession(sessionId)) return undefined;
    const maxBodyBytes = this.#options.maxMessageBytes;
    let forwarded: ForwardedRequest | undefined;
    let last: string | undefined;
    for (let n = 0; n < MAX_ASKED; n += 1) {
      const processId = await elsewhere.processOf(sessionId);
      // It has ended, unless it has come here: its body has been read by then.
      const isNowhere = processId === undefined || processId === last;
      if (isNowhere && !(forwarded && this.#relay.getSession(sessionId))) return undefined;
      if (isNowhere) break;
      forwarded ??= await toForwarded(client, request, { sessionId, route, maxBodyBytes });
      const response = await this.#ask(processId, forwarded, request);
      if (response) return this.#toResponse(processId, response);
      last = processId;
    }
    throw new RelayError('ERR_RELAY_UNAVAILABLE', 'The session is moving from one process to another.');
  }

  async #ask(processId: string, forwarded: ForwardedRequest, request: ApiRequest) {
    const asked = this.#elsewhere.ask(processId, 'httpRequest', forwarded, ANSWER_MS) as Promise<
      RemoteResponse | undefined
    >;
    try {
      return await unlessAborted(asked, request.signal);
    } catch (error) {
      asked.then((late) => late?.stream && this.#endStream(processId, late.stream.id)).catch(noop);
      checkPresent(request);
      throw error;
    }
  }

  #toResponse(processId: string, { status, headers, body, stream }: RemoteResponse): ApiResponse {
    if (!stream) return { status, headers, body };
    const elsewhere = this.#elsewhere;
    const { id, first } = stream;
    const { heartbeatIntervalMs, slowConsumerTimeoutMs } = this.#options;
    const pieceMs = heartbeatIntervalMs + PIECE_SLACK_MS;
    const remote = {
      first,
      read: async () => (await elsewhere.ask(processId, 'httpEvents', { id }, pieceMs)) as string | undefined,
      end: () => this.#endStream(processId, id),
      isAlive: () => elsewhere.isAlive(processId),
    };
    const events = new ForwardedEvents(remote, slowConsumerTimeoutMs, () => this.#relay.detach(events));
    this.#relay.attach(events);
    return { status, headers, body: events };
  }

  #endStream(processId: string, id: string): void {
    this.#elsewhere.ask(processId, 'httpEventsEnd', { id }, PIECE_SLACK_MS).catch(noop);
  }

  get #elsewhere(): SessionsElsewhere {
    return this.#relay.elsewhere as SessionsElsewhere;
  }
}
