import {
  type Authenticate,
  anonymous,
  type ConnectionOptions,
  SfuRelay,
  type SfuRelayOptions,
} from '../../src/index.js';
import { SUBPROTOCOL } from '../../src/protocol/messages.js';
import {
  fakeOffer,
  type ScriptedSfu,
  type ScriptedStream,
  startScriptedSfu,
} from '../../src/testing/index.js';
import { until } from '../support/poll.js';
import type { Connect } from './client-socket.js';
import { WireClient } from './wire-client.js';

/** A server of one transport, listening on a free port of 127.0.0.1. */
export interface ContractServer {
  connect: Connect;
  stop(): Promise<void>;
}

export type Serve = (relay: SfuRelay, options: ConnectionOptions) => Promise<ContractServer>;

type RelayOptions = Omit<Partial<SfuRelayOptions>, 'authenticate' | 'hooks'>;

/** A scripted SFU, a relay in front of it, and a server of one transport. */
export class ContractStage {
  readonly #serve: Serve;
  #sfu: ScriptedSfu | undefined;
  #relay: SfuRelay | undefined;
  #server: ContractServer | undefined;

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  get sfu(): ScriptedSfu {
    return present(this.#sfu);
  }

  get relay(): SfuRelay {
    return present(this.#relay);
  }

  get connect(): Connect {
    return present(this.#server).connect;
  }

  /** Starts a relay, instead of the one that there is. */
  readonly start = async (
    options: ConnectionOptions &
      Pick<SfuRelayOptions, 'hooks' | 'hookTimeoutMs' | 'hookFailure' | 'messages'> & {
        authenticate?: Authenticate;
        relay?: RelayOptions;
      } = {},
  ): Promise<void> => {
    const {
      authenticate = anonymous(),
      hooks,
      hookTimeoutMs,
      hookFailure,
      messages,
      relay = {},
      ...connection
    } = options;
    await this.#stopRelay();
    this.#relay = new SfuRelay({
      sfu: { serverUrl: this.sfu.address, probeOnStart: false },
      authenticate,
      ...(hooks && { hooks }),
      ...(hookTimeoutMs && { hookTimeoutMs }),
      ...(hookFailure && { hookFailure }),
      ...(messages && { messages }),
      ...relay,
      iceServers: [{ urls: 'stun:stun.example.org' }],
    });
    this.#server = await this.#serve(this.#relay, connection);
  };

  readonly open = (
    protocols = [SUBPROTOCOL],
    headers: Record<string, string> = {},
    query = '',
  ): Promise<WireClient> => WireClient.open(this.connect(protocols, headers, query));

  readonly joinParams = (overrides: object = {}) => ({
    sid: 'lobby',
    uid: 'alice',
    offer: { type: 'offer', sdp: fakeOffer() },
    ...overrides,
  });

  /** A client that has joined, and its stream at the SFU. */
  readonly joined = async (
    overrides: object = {},
  ): Promise<{ client: WireClient; stream: ScriptedStream; sessionId: string; sessionToken: string }> => {
    const client = await this.open();
    const { result, error } = await client.request('join', this.joinParams(overrides));
    if (!result) throw new Error(error?.message);
    const place = [result.roomId, result.userId, result.sessionId].map(String).map(encodeURIComponent);
    const stream = await this.sfu.waitFor((sfu) => sfu.stream(place.join('/')));
    const { sessionId, sessionToken } = result;
    return { client, stream, sessionId: String(sessionId), sessionToken: String(sessionToken) };
  };

  readonly expectNothingLeft = async (): Promise<void> => {
    const { relay, sfu } = this;
    await until(
      'the relay has no session and no stream',
      () => relay.sessions.size + relay.streamCount === 0,
    );
    await sfu.waitFor(() => sfu.streams.size === 0);
  };

  async setUp(): Promise<void> {
    this.#sfu = await startScriptedSfu();
    await this.start();
  }

  async tearDown(): Promise<void> {
    await this.#stopRelay();
    await this.sfu.stop();
  }

  async #stopRelay(): Promise<void> {
    await this.#relay?.close({ timeoutMs: 500 });
    await this.#server?.stop();
  }
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the stage is not set up');
  return value;
}
