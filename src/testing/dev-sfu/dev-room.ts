import { TrackEvent_State } from '../../sfu/ion/gen/rtc.js';
import type { PublishedTrack, TrackChanges } from './published-track.js';

/** Ion's defaults: every second, the streams with loud audio for a fifth of it (10 of 50 packets of 20 ms). */
const AUDIO_LEVEL_INTERVAL_MS = 1_000;
const LOUD_PACKETS = 10;

/** A peer, as the room uses it. */
export interface RoomPeer {
  readonly uid: string;
  readonly tracks: readonly PublishedTrack[];
  announce(other: RoomPeer, state: TrackEvent_State, tracks: readonly PublishedTrack[]): void;
  offer(track: PublishedTrack): void;
  drop(track: PublishedTrack): void;
  sendAudioLevels(streamIds: string[]): void;
}

/** A room: its peers receive each other's tracks. */
export class DevRoom {
  readonly #peers = new Set<RoomPeer>();
  #audioTimer: NodeJS.Timeout | undefined;
  #heard = '';

  add(peer: RoomPeer): void {
    for (const other of this.#peers) {
      peer.announce(other, TrackEvent_State.ADD, other.tracks);
      for (const track of other.tracks) peer.offer(track);
    }
    this.#peers.add(peer);
    this.#audioTimer ??= setInterval(() => this.#reportAudioLevels(), AUDIO_LEVEL_INTERVAL_MS).unref();
  }

  /** Forwards the changes of a peer's tracks to the others. As with Ion, only its first tracks are announced. */
  update(peer: RoomPeer, { added, removed }: TrackChanges, first: boolean): void {
    for (const other of this.#others(peer)) {
      if (first) other.announce(peer, TrackEvent_State.ADD, added);
      for (const track of removed) other.drop(track);
      for (const track of added) other.offer(track);
    }
    for (const track of removed) track.close();
  }

  remove(peer: RoomPeer): void {
    if (!this.#peers.delete(peer)) return;
    for (const other of this.#peers) {
      other.announce(peer, TrackEvent_State.REMOVE, peer.tracks);
      for (const track of peer.tracks) other.drop(track);
    }
    if (this.#peers.size === 0) clearInterval(this.#audioTimer);
  }

  /** A track of another peer, by its id. */
  find(trackId: string, viewer: RoomPeer): PublishedTrack | undefined {
    for (const peer of this.#others(viewer)) {
      const track = peer.tracks.find((candidate) => candidate.trackId === trackId);
      if (track !== undefined) return track;
    }
    return undefined;
  }

  #others(peer: RoomPeer): RoomPeer[] {
    return [...this.#peers].filter((other) => other !== peer);
  }

  #reportAudioLevels(): void {
    const heard = [...this.#peers]
      .flatMap((peer) => peer.tracks)
      .filter((track) => track.takeLoudPackets() >= LOUD_PACKETS);
    const streamIds = [...new Set(heard.map((track) => track.streamId))];
    if (streamIds.join() === this.#heard) return;
    this.#heard = streamIds.join();
    for (const peer of this.#peers) peer.sendAudioLevels(streamIds);
  }
}
