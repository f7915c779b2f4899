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

/** A message that waits: as its text, because what JSON makes of a hostile one takes twenty times the memory. */
export interface QueuedMessage {
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly content: string | RpcMessage;
  readonly bytes: number;
}

/** A message was sound when it was queued. */
export function readQueued({ content }: QueuedMessage): RpcMessage {
  return typeof content === 'string' ? (parseMessage(content) as RpcMessage) : content;
}

const TEXT_MEMBERS: ReadonlySet<string> = new Set(['sid', 'uid', 'role', 'offer']);

/** A `join` whose members are texts takes no more memory than its own text, and need not be read again. */
function compactJoin({ id, method, params }: RpcMessage): RpcMessage | undefined {
  if (method !== 'join') return undefined;
  const { sid, uid, role, offer } = params;
  const { sdp } = offer as { sdp: unknown };
  const texts = { ...(uid !== undefined && { uid }), ...(role !== undefined && { role }) };
  const areTexts = [sid, sdp, ...Object.values(texts)].every((each) => typeof each === 'string');
  if (!areTexts || Object.keys(params).some((name) => !TEXT_MEMBERS.has(name))) return undefined;
  return { id, method, params: { sid, ...texts, offer: { type: 'offer', sdp } } };
}

interface Setup<P extends Principal> {
  connectionId: string;
  maxQueuedMessages: number;
  /** The application has let the connection come as far as authentication. */
  onConnectAllowed(request: AuthRequest): void;
  /** It is known who it is. `asked` by which message, where the handshake had no token; it is the first that waits. */
  onAuthenticated(
    client: AuthenticatedClient<P>,
    waiting: readonly QueuedMessage[],
    asked: QueuedMessage | undefined,
  ): void;
  /** `first` is the message to be answered by that. */
  onRefused(error: RelayError, first: QueuedMessage | undefined): void;
  /** A message can't be queued, because no session would take it. */
  onInvalid(refusal: RpcRefusal): void;
}

/** The way in of one connection, until it is known who it is. Its messages wait meanwhile. */
export class AuthenticationPhase<P extends Principal> {
  readonly #relay: SfuRelay<P>;
  readonly #setup: Setup<P>;
  readonly #budget = new ByteBudget();
  #queue: QueuedMessage[] = [];
  /** Where the first message is to say who it is. */
  #awaitsMessage = false;
  #request: HandshakeRequest;

  constructor(relay: SfuRelay<P>, request: HandshakeRequest, setup: Setup<P>) {
    this.#relay = relay;
    this.#request = request;
    this.#setup = setup;
    void this.#enter();
  }

  receive(message: RpcMessage, text: string, bytes: number): void {
    const { id, method } = message;
    try {
      checkEarly(message);
    } catch (error) {
      this.#setup.onInvalid(new RpcRefusal(id ?? null, RelayError.from(error), method));
      return;
    }
    if (this.#queue.length >= this.#setup.maxQueuedMessages || !this.#budget.hasRoomFor(bytes)) {
      const error = new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages before authentication.');
      this.#setup.onRefused(error, undefined);
      return;
    }
    this.#budget.add(bytes);
    const queued = { id, method, content: compactJoin(message) ?? text, bytes };
    this.#queue.push(queued);
    if (this.#awaitsMessage) void this.#authenticateBy(queued, tokenOf(message));
  }

  /** The connection has ended: what is asked about it may take long, and keeps nothing of its messages. */
  stop(): void {
    this.#queue = [];
  }

  async #enter(): Promise<void> {
    try {
      const request = await runConnectHook(this.#relay, this.#request, this.#setup.connectionId);
      this.#request = request;
      this.#setup.onConnectAllowed(request);
      const [first] = this.#queue;
      if (request.token !== undefined) await this.#authenticate(request.token);
      else if (first) await this.#authenticateBy(first, tokenOf(readQueued(first)));
      else this.#awaitsMessage = true;
    } catch (error) {
      this.#setup.onRefused(RelayError.from(error), this.#queue[0]);
    }
  }

  async #authenticateBy(first: QueuedMessage, token: string | undefined): Promise<void> {
    this.#awaitsMessage = false;
    const { method } = first;
    const { connectionId } = this.#setup;
    const { remoteAddress } = this.#request;
    const nobody = { userId: undefined, roomId: undefined };
    try {
      if (token !== undefined)
        await this.#relay.rateLimiter?.consume({ method, connectionId, remoteAddress, ...nobody });
      await this.#authenticate(token, first);
    } catch (error) {
      this.#setup.onRefused(RelayError.from(error), first);
    }
  }

  async #authenticate(token: string | undefined, asked?: QueuedMessage): Promise<void> {
    const client = await authenticate(this.#relay, this.#request, token);
    this.#setup.onAuthenticated(client, this.#queue, asked);
  }
}

function tokenOf({ method, params }: RpcMessage): string | undefined {
  return method === 'authenticate' && typeof params.token === 'string' ? params.token : undefined;
}

/** What can be said of a message before it is known who sends it. @throws RelayError */
function checkEarly({ method, params }: RpcMessage): void {
  if (!isMethod(method))
    throw new RelayError('ERR_RELAY_METHOD_NOT_FOUND', `There is no method "${method.slice(0, 64)}".`);
  if (method === 'join') checkJoinShape(params);
  else if (method === 'trickle') checkTrickle(params);
}
