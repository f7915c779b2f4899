import type { Track } from '../protocol/messages.js';
import type { Emit } from './events.js';
import { readMsid } from './sdp.js';

/**
 * A track that is being received, and whose it is.
 * @category Client
 */
export interface RemoteTrack {
  track: MediaStreamTrack;
  stream: MediaStream;
  /** Its publisher's MediaStreamTrack id, as the room announces it; `track.id` differs from it in some browsers. */
  trackId: string;
  /** Its publisher's MediaStream id, as the room announces it. */
  streamId: string;
  kind: 'audio' | 'video';
  /** undefined where the room had not announced the track a second after its media. */
  userId: string | undefined;
  sessionId: string | undefined;
}

export interface RemoteTracksOptions {
  ownerOf(trackId: string): { userId: string; sessionId: string } | undefined;
  emit: Emit;
  /** The first media of a stream's track, or the first after a pause. */
  onMedia(streamId: string): void;
}

interface Entry {
  remote: RemoteTrack;
  transceiver: RTCRtpTransceiver;
  /** What it came over. */
  owner: object;
  /** That which it is to replace: the same track, from another connection, as long as that one has no media. */
  prior: Entry | undefined;
  track: MediaStreamTrack;
  /** While it waits for the room to say whose it is. */
  waiting: ReturnType<typeof setTimeout> | undefined;
  listening: AbortController;
}

const ANNOUNCEMENT_TIMEOUT_MS = 1_000;
/** A track that is paused has no media to wait for. */
const MEDIA_TIMEOUT_MS = 2_000;

/**
 * What the subscriber connection receives. Media and its announcement by the room come in either order, and a
 * track ends in several ways; the application hears of each once.
 */
export class RemoteTracks {
  readonly #options: RemoteTracksOptions;
  readonly #entries = new Map<RTCRtpTransceiver, Entry>();
  /** Whether this client sends it: the SFU offers the tracks of one of its peers to the other. */
  isOwn: (trackId: string) => boolean = () => false;

  constructor(options: RemoteTracksOptions) {
    this.#options = options;
  }

  get list(): RemoteTrack[] {
    return [...this.#entries.values()]
      .filter(({ waiting, prior }) => !waiting && !prior)
      .map(({ remote }) => remote);
  }

  /** @param sdp the offer that brings it; its `a=msid` has the ids that the publisher gave. */
  arrived({ track, streams, transceiver }: RTCTrackEvent, sdp: string, owner: object): void {
    this.#end(transceiver);
    const own = streams[0] ?? new MediaStream([track]);
    const { streamId = own.id, trackId = track.id } = readMsid(sdp, transceiver.mid);
    if (this.isOwn(trackId)) return;
    const others = [...this.#entries.values()];
    const prior = others.find((other) => !other.prior && other.remote.trackId === trackId);
    // The same for all tracks of a stream, whichever connection they come over.
    const stream = others.find(({ remote }) => remote.streamId === streamId)?.remote.stream ?? own;
    if (!prior && stream !== own) stream.addTrack(track);
    const remote: RemoteTrack = prior?.remote ?? {
      track,
      stream,
      trackId,
      streamId,
      kind: track.kind as RemoteTrack['kind'],
      userId: undefined,
      sessionId: undefined,
    };
    const listening = new AbortController();
    const { signal } = listening;
    track.addEventListener('ended', () => this.#end(transceiver), { signal });
    track.addEventListener('unmute', () => this.#options.onMedia(streamId), { signal });
    const entry: Entry = { remote, transceiver, listening, owner, prior, track, waiting: undefined };
    this.#entries.set(transceiver, entry);
    if (prior) {
      const swap = () => this.#swap(entry);
      track.addEventListener('unmute', swap, { signal });
      setTimeout(swap, track.muted ? MEDIA_TIMEOUT_MS : 0);
      return;
    }
    entry.waiting = setTimeout(() => this.#deliver(entry), ANNOUNCEMENT_TIMEOUT_MS);
    this.announced();
  }

  /** The room has announced something: perhaps what was waited for. */
  announced(): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.waiting && this.#options.ownerOf(entry.remote.trackId)) this.#deliver(entry);
    }
  }

  /**
   * The room says that these tracks are gone; the SFU's own word comes a moment later. Those that go on under another id
   * stay until the media of that arrives.
   */
  withdrawn(tracks: readonly Pick<Track, 'trackId' | 'replacedBy'>[]): void {
    for (const { remote, transceiver } of [...this.#entries.values()]) {
      const gone = tracks.find(({ trackId }) => trackId === remote.trackId);
      if (gone?.replacedBy) remote.trackId = gone.replacedBy;
      else if (gone) this.#end(transceiver);
    }
  }

  /** After a negotiation: what no section brings any more has ended. */
  negotiated(by: object): void {
    for (const { transceiver, owner } of [...this.#entries.values()]) {
      // Another connection may be in the middle of its own negotiation.
      if (owner === by && !transceiver.currentDirection?.includes('recv')) this.#end(transceiver);
    }
  }

  /** All that came over a connection. */
  end(gone: object | undefined): void {
    for (const { transceiver, owner } of [...this.#entries.values()])
      if (owner === gone) this.#end(transceiver);
  }

  /** The track takes the place of the one from the connection before, in the same stream. */
  #swap(entry: Entry): void {
    const { prior, remote, track } = entry;
    if (!prior) return;
    entry.prior = undefined;
    prior.listening.abort();
    clearTimeout(prior.waiting);
    this.#entries.delete(prior.transceiver);
    remote.stream.removeTrack(remote.track);
    remote.stream.addTrack(track);
    remote.track = track;
    if (prior.waiting) this.#deliver(entry);
  }

  #deliver(entry: Entry): void {
    clearTimeout(entry.waiting);
    entry.waiting = undefined;
    const { userId, sessionId } = this.#options.ownerOf(entry.remote.trackId) ?? {};
    Object.assign(entry.remote, { userId, sessionId });
    this.#options.emit('track', entry.remote);
  }

  #end(transceiver: RTCRtpTransceiver): void {
    const entry = this.#entries.get(transceiver);
    if (!entry) return;
    const next = [...this.#entries.values()].find(({ prior }) => prior === entry);
    if (next) {
      this.#swap(next);
      return;
    }
    this.#entries.delete(transceiver);
    entry.listening.abort();
    // That which it was to replace goes on.
    if (entry.prior) {
      entry.prior = undefined;
      return;
    }
    // What was never told of needs no end.
    if (!entry.waiting) this.#options.emit('trackended', entry.remote);
    clearTimeout(entry.waiting);
  }
}
