import type { AuthRequest, Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import { type AuthenticatedClient, authenticate } from '../authentication/authenticated-client.js';
import { runConnectHook } from '../authentication/pre-authentication.js';
import { checkTrickle } from '../rpc/early-candidates.js';
import { checkJoinShape } from '../rpc/join-params.js';
import { ByteBudget } from '../wire/byte-budget.js';
import type { HandshakeRequest } from '../wire/handshake.js';
import { parseMessage, type RpcId, type RpcMessage, RpcRefusal } from '../wire/json-rpc.js';
import { isMethod } from '../wire/methods.js';

/** A message that waits, as its text: the value of a hostile one takes twenty times the memory of its JSON. */
export interface QueuedMessage {
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly content: string | RpcMessage;
  readonly bytes: number;
}

/** Its text was parsed once, when the message was queued. */
export function readQueued({ content }: QueuedMessage): RpcMessage {
  return typeof content === 'string' ? (parseMessage(content) as RpcMessage) : content;
}

/** JSON with the same meaning as what the client has sent. */
export function textOf({ content }: QueuedMessage): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}

const TEXT_MEMBERS: ReadonlySet<string> = new Set(['sid', 'uid', 'role', 'offer']);

/** A `join` whose members are strings takes no more memory than its text, and need not be parsed again. */
function compactJoin({ id, method, params }: RpcMessage): RpcMessage | undefined {
  if (method !== 'join') return undefined;
  const { sid, uid, role, offer } = params;
  const { sdp } = offer as { sdp: unknown };
  if (typeof sid !== 'string' || typeof sdp !== 'string' || !isOptionalText(uid) || !isOptionalText(role))
    return undefined;
  for (const name in params) if (!TEXT_MEMBERS.has(name)) return undefined;
  return { id, method, params: { sid, uid, role, offer: { type: 'offer', sdp } } };
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

/** The connection that is being authenticated. */
interface PhaseOwner<P extends Principal> {
  /** `onConnect` has let the request pass. */
  connectAllowed(request: AuthRequest): void;
  /** `asked` is the message that brought the token, if the handshake did not: it is the first of `waiting`. */
  authenticated(
    client: AuthenticatedClient<P>,
    waiting: readonly QueuedMessage[],
    asked: QueuedMessage | undefined,
  ): void;
  /** `asked` is the message to answer with the error. */
  authenticationFailed(error: RelayError, asked: QueuedMessage | undefined): void;
  /** A message was not queued, because it would be refused later on. */
  notQueued(refusal: RpcRefusal): void;
}

/** One connection until its client is authenticated. The client's messages wait meanwhile. */
export class AuthenticationPhase<P extends Principal> {
  readonly #relay: SfuRelay<P>;
  readonly #connectionId: string;
  readonly #maxQueuedMessages: number;
  readonly #owner: PhaseOwner<P>;
  readonly #budget = new ByteBudget();
  #request: HandshakeRequest;
  #queue: QueuedMessage[] = [];
  /** The handshake had no token: the first message may bring it. */
  #awaitsMessage = false;

  constructor(
    relay: SfuRelay<P>,
    request: HandshakeRequest,
    connectionId: string,
    maxQueuedMessages: number,
    owner: PhaseOwner<P>,
  ) {
    this.#relay = relay;
    this.#request = request;
    this.#connectionId = connectionId;
    this.#maxQueuedMessages = maxQueuedMessages;
    this.#owner = owner;
    void this.#begin();
  }

  receive(message: RpcMessage, text: string, bytes: number): void {
    const { id, method } = message;
    try {
      checkEarly(message);
    } catch (error) {
      this.#owner.notQueued(new RpcRefusal(id ?? null, RelayError.from(error), method));
      return;
    }
    if (this.#queue.length >= this.#maxQueuedMessages || !this.#budget.hasRoomFor(bytes)) {
      const error = new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages before authentication.');
      this.#owner.authenticationFailed(error, undefined);
      return;
    }
    this.#budget.add(bytes);
    const queued = { id, method, content: compactJoin(message) ?? text, bytes };
    this.#queue.push(queued);
    if (this.#awaitsMessage) void this.#authenticateBy(queued, tokenOf(message));
  }

  /** The connection has ended. A slow `authenticate` must not keep its messages in memory. */
  stop(): void {
    this.#queue = [];
  }

  async #begin(): Promise<void> {
    try {
      const request = await runConnectHook(this.#relay, this.#request, this.#connectionId);
      this.#request = request;
      this.#owner.connectAllowed(request);
      const [first] = this.#queue;
      if (request.token !== undefined) await this.#authenticate(request.token);
      else if (first) await this.#authenticateBy(first, tokenOf(readQueued(first)));
      else this.#awaitsMessage = true;
    } catch (error) {
      this.#owner.authenticationFailed(RelayError.from(error), this.#queue[0]);
    }
  }

  async #authenticateBy(first: QueuedMessage, token: string | undefined): Promise<void> {
    this.#awaitsMessage = false;
    const { remoteAddress } = this.#request;
    try {
      if (token !== undefined)
        await this.#relay.rateLimiter?.consume({
          method: first.method,
          connectionId: this.#connectionId,
          remoteAddress,
          userId: undefined,
          roomId: undefined,
        });
      await this.#authenticate(token, first);
    } catch (error) {
      this.#owner.authenticationFailed(RelayError.from(error), first);
    }
  }

  async #authenticate(token: string | undefined, asked?: QueuedMessage): Promise<void> {
    const client = await authenticate(this.#relay, this.#request, token);
    this.#owner.authenticated(client, this.#queue, asked);
  }
}

function tokenOf({ method, params }: RpcMessage): string | undefined {
  return method === 'authenticate' && typeof params.token === 'string' ? params.token : undefined;
}

/** Refuses a message that no client may send, before its sender is known. @throws RelayError */
function checkEarly({ method, params }: RpcMessage): void {
  if (!isMethod(method))
    throw new RelayError('ERR_RELAY_METHOD_NOT_FOUND', `There is no method "${method.slice(0, 64)}".`);
  if (method === 'join') checkJoinShape(params);
  else if (method === 'trickle') checkTrickle(params);
}
