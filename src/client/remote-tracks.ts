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
  /** While it waits for the room to say whose it is. */
  waiting: ReturnType<typeof setTimeout> | undefined;
  listening: AbortController;
}

const ANNOUNCEMENT_TIMEOUT_MS = 1_000;

/**
 * What the subscriber connection receives. Media and its announcement by the room come in either order, and a
 * track ends in several ways; the application hears of each once.
 */
export class RemoteTracks {
  readonly #options: RemoteTracksOptions;
  readonly #entries = new Map<RTCRtpTransceiver, Entry>();

  constructor(options: RemoteTracksOptions) {
    this.#options = options;
  }

  get list(): RemoteTrack[] {
    return [...this.#entries.values()].filter(({ waiting }) => !waiting).map(({ remote }) => remote);
  }

  /** @param sdp the offer that brings it; its `a=msid` has the ids that the publisher gave. */
  arrived({ track, streams, transceiver }: RTCTrackEvent, sdp: string): void {
    this.#end(transceiver);
    const stream = streams[0] ?? new MediaStream([track]);
    const { streamId = stream.id, trackId = track.id } = readMsid(sdp, transceiver.mid);
    const remote: RemoteTrack = {
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
    const waiting = setTimeout(() => this.#deliver(entry), ANNOUNCEMENT_TIMEOUT_MS);
    const entry: Entry = { remote, transceiver, waiting, listening };
    this.#entries.set(transceiver, entry);
    this.announced();
  }

  /** The room has announced something: perhaps what was waited for. */
  announced(): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.waiting && this.#options.ownerOf(entry.remote.trackId)) this.#deliver(entry);
    }
  }

  /** The room says that these tracks are gone; the SFU's own word comes a moment later. */
  withdrawn(trackIds: readonly string[]): void {
    for (const { remote, transceiver } of [...this.#entries.values()]) {
      if (trackIds.includes(remote.trackId)) this.#end(transceiver);
    }
  }

  /** After a negotiation: what no section brings any more has ended. */
  negotiated(): void {
    for (const transceiver of [...this.#entries.keys()]) {
      if (!transceiver.currentDirection?.includes('recv')) this.#end(transceiver);
    }
  }

  endAll(): void {
    for (const transceiver of [...this.#entries.keys()]) this.#end(transceiver);
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
    this.#entries.delete(transceiver);
    entry.listening.abort();
    // What was never told of needs no end.
    if (!entry.waiting) this.#options.emit('trackended', entry.remote);
    clearTimeout(entry.waiting);
  }
}
