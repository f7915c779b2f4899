import type { Backplane, MaybePromise, ProcessCard } from '../../../src/backplane/backplane.js';
import {
  anonymous,
  type Participant,
  RelayError,
  type RoomMessage,
  type Session,
  SfuRelay,
  type SfuRelayOptions,
} from '../../../src/index.js';
import type { CreateSessionParams } from '../../../src/relay/session-params.js';
import { type FakeTrack, fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';
import { silentLogger } from '../../../src/util/logger.js';

export const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;

/** What the relays of one test share. */
export interface SharedState {
  /** Of the relay of this number, from 0 to 2. */
  backplane(n: number): Backplane;
  /** The others take its process for dead. */
  lose?(n: number): MaybePromise<void>;
}

/** Relays that share their rooms, in front of one SFU. */
export class SharedStage {
  readonly #begin: () => MaybePromise<SharedState>;
  readonly #relays: SfuRelay[] = [];
  #backplane: Backplane | undefined;
  #sfu: ScriptedSfu | undefined;
  #state: SharedState | undefined;

  constructor(begin: () => MaybePromise<SharedState>) {
    this.#begin = begin;
  }

  get sfu(): ScriptedSfu {
    return this.#sfu as ScriptedSfu;
  }

  async setUp(): Promise<void> {
    this.#state = await this.#begin();
    this.#sfu = await startScriptedSfu();
  }

  async tearDown(): Promise<void> {
    await Promise.all(this.#relays.splice(0).map((relay) => relay.close()));
    await this.#sfu?.stop();
  }

  relay(options: Partial<SfuRelayOptions> = {}, wrap = (backplane: Backplane) => backplane): SfuRelay {
    const backplane = this.#state?.backplane(this.#relays.length);
    this.#backplane = backplane && wrap(backplane);
    const relay = new SfuRelay({
      sfu: { serverUrl: this.sfu.address, probeOnStart: false },
      ...{ authenticate: anonymous(), logger: silentLogger, participantsIntervalMs: 5 },
      ...(this.#backplane && { backplane: this.#backplane }),
      ...options,
    });
    this.#relays.push(relay);
    return relay;
  }

  two(options?: Partial<SfuRelayOptions>): [SfuRelay, SfuRelay] {
    return [this.relay(options), this.relay(options)];
  }

  /** What the newest relay knows of the processes. */
  get cards(): readonly ProcessCard[] {
    return this.#backplane?.processes() ?? [];
  }

  get canLose(): boolean {
    return this.#state?.lose !== undefined;
  }

  /** The process of the newest relay is taken for dead. */
  async lose(): Promise<void> {
    await this.#state?.lose?.(this.#relays.length - 1);
  }
}

/** A user joins the room "lobby", and tries again where the relay says that a network is bad, as clients do. */
export async function join(
  relay: SfuRelay,
  userId: string,
  params: Partial<CreateSessionParams> = {},
  tracks: readonly FakeTrack[] = [],
): Promise<Session> {
  for (let n = 1; ; n += 1) {
    try {
      return await relay.createSession({ roomId: 'lobby', userId, sdp: fakeOffer(tracks), ...params });
    } catch (error) {
      if (RelayError.from(error).code !== 'ERR_RELAY_UNAVAILABLE' || n === 5) throw error;
    }
  }
}

/** The texts that the session hears from now on. */
export function heardBy(session: Session): unknown[] {
  const heard: unknown[] = [];
  session.on('message', ({ data }: RoomMessage) => heard.push((data as { text?: string }).text ?? data));
  return heard;
}

/** Whom the session sees in its room, with their tracks. */
export function seenBy(session: Session): Record<string, readonly string[]> {
  const seen = session.room
    .others(session.id)
    .map(({ userId, tracks }: Participant) => [
      userId,
      tracks.map(({ trackId, muted }) => (muted ? `${trackId} (muted)` : trackId)),
    ]);
  return Object.fromEntries(seen);
}
