import { type JoinRequest, type Subscription, Target, type TrackEvent_State } from '../../sfu/ion/gen/rtc.js';
import { trackInfo } from '../scripted/fake-sdp.js';
import { joinAccepted, publisherAnswer, subscriberOffer, trackEvent, trickle } from '../scripted/replies.js';
import type { ScriptedStream } from '../scripted/scripted-stream.js';
import type { Connections } from './connections.js';
import type { DevRoom } from './dev-room.js';
import type { DevSfuLogger } from './options.js';
import type { PublishedTrack, TrackChanges } from './published-track.js';
import { DevPublisher } from './publisher.js';
import { DevSubscriber } from './subscriber.js';

/** A participant: its stream and its two peer connections. */
export class DevPeer {
  readonly uid: string;
  readonly room: DevRoom;
  readonly #stream: ScriptedStream;
  readonly #autoSubscribe: boolean;
  readonly #logger: DevSfuLogger;
  readonly #publisher: DevPublisher;
  readonly #subscriber: DevSubscriber;
  /** Candidates of the publisher connection that wait until their answer is sent. */
  #heldCandidates: object[] | undefined = [];
  #announced = false;
  #closed = false;

  constructor(
    stream: ScriptedStream,
    { uid, config }: JoinRequest,
    room: DevRoom,
    connections: Connections,
    logger: DevSfuLogger,
  ) {
    this.uid = uid;
    this.#stream = stream;
    this.room = room;
    this.#logger = logger;
    this.#autoSubscribe = config.NoAutoSubscribe !== 'true';
    this.#publisher = new DevPublisher(connections, (init) => this.#onPublisherCandidate(init));
    this.#subscriber = new DevSubscriber(connections, {
      onCandidate: (init) => stream.send(trickle(Target.SUBSCRIBER, JSON.stringify(init))),
      onOffer: (sdp) => stream.send(subscriberOffer(sdp)),
      onError: (error) => logger.warn({ uid, error }, 'subscriber connection'),
    });
  }

  get tracks(): PublishedTrack[] {
    return [...this.#publisher.tracks];
  }

  async join(offer: string): Promise<void> {
    const { sdp, changes } = await this.#publisher.answer(offer);
    if (this.#closed) return;
    this.#stream.send(joinAccepted(sdp));
    for (const init of this.#heldCandidates ?? []) this.#sendPublisherCandidate(init);
    this.#heldCandidates = undefined;
    this.room.add(this);
    this.#publish(changes);
    this.#subscriber.negotiate();
  }

  async renegotiate(offer: string): Promise<void> {
    const { sdp, changes } = await this.#publisher.answer(offer);
    if (this.#closed) return;
    this.#stream.send({ $case: 'description', value: publisherAnswer(sdp) });
    this.#publish(changes);
  }

  /** Rejects without an unanswered offer. */
  async answer(sdp: string): Promise<void> {
    if (!this.#subscriber.offerPending) throw new Error('invalid proposed signaling state transition');
    await this.#subscriber.answer(sdp);
  }

  async trickle(target: Target, candidate: string): Promise<void> {
    const connection = target === Target.PUBLISHER ? this.#publisher : this.#subscriber;
    await connection.addCandidate(candidate);
  }

  /** Layers are ignored: simulcast is declined. */
  subscribe(subscriptions: readonly Subscription[]): void {
    for (const { trackId, subscribe } of subscriptions) {
      const track = this.room.find(trackId, this);
      if (track === undefined) continue;
      if (subscribe) this.#subscriber.add(track);
      else this.#subscriber.remove(track);
    }
  }

  /** Another peer has added a track. */
  offer(track: PublishedTrack): void {
    if (this.#autoSubscribe) this.#subscriber.add(track);
  }

  /** Another peer has removed a track. */
  drop(track: PublishedTrack): void {
    this.#subscriber.remove(track);
  }

  announce(publisher: DevPeer, state: TrackEvent_State, tracks: readonly PublishedTrack[]): void {
    if (tracks.length === 0) return;
    this.#stream.send(
      trackEvent({ state, uid: publisher.uid, tracks: tracks.map((track) => trackInfo(track)) }),
    );
  }

  sendAudioLevels(streamIds: string[]): void {
    this.#subscriber.sendAudioLevels(streamIds);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.room.remove(this);
    const results = await Promise.allSettled([this.#publisher.close(), this.#subscriber.close()]);
    for (const { status, ...result } of results) {
      if (status === 'rejected') this.#logger.warn({ uid: this.uid, ...result }, 'closing a connection');
    }
  }

  #publish(changes: TrackChanges): void {
    const first = !this.#announced && changes.added.length > 0;
    this.#announced ||= first;
    this.room.update(this, changes, first);
  }

  #onPublisherCandidate(init: object): void {
    if (this.#heldCandidates) this.#heldCandidates.push(init);
    else this.#sendPublisherCandidate(init);
  }

  #sendPublisherCandidate(init: object): void {
    this.#stream.send(trickle(Target.PUBLISHER, JSON.stringify(init)));
  }
}
