import type { Track } from '../../protocol/messages.js';
import type { Emit } from '../common/events.js';
import type { RemoteTrack } from '../common/remote-track.js';
import { readMsid } from './sdp.js';

interface RemoteTracksOptions {
  ownerOf(trackId: string): { userId: string; sessionId: string } | undefined;
  emit: Emit;
  /** The first media of a stream's track, or the first after a pause. */
  onMedia(streamId: string): void;
}

interface Entry {
  remote: RemoteTrack;
  transceiver: RTCRtpTransceiver;
  /** The connection that it arrived on. */
  pc: RTCPeerConnection;
  /** The same track from another connection, which this one replaces once it has media. */
  prior: Entry | undefined;
  track: MediaStreamTrack;
  /** While it waits for the room to announce it. */
  waiting: ReturnType<typeof setTimeout> | undefined;
}

const ANNOUNCEMENT_TIMEOUT_MS = 1_000;
/** A track that is paused has no media to wait for. */
const MEDIA_TIMEOUT_MS = 2_000;

export type RemoteTracks = ReturnType<typeof remoteTracks>;

/**
 * The tracks of the subscriber connection. Media and its announcement by the room come in either order, and a track
 * ends in several ways; the application hears of each once.
 */
export function remoteTracks({ ownerOf, emit, onMedia }: RemoteTracksOptions) {
  const entries = new Set<Entry>();
  const find = (isMeant: (entry: Entry) => boolean) => [...entries].find(isMeant);
  const endAll = (isMeant: (entry: Entry) => boolean) => [...entries].filter(isMeant).forEach(end);

  const deliver = (entry: Entry) => {
    clearTimeout(entry.waiting);
    entry.waiting = undefined;
    const { remote } = entry;
    const { userId, sessionId } = ownerOf(remote.trackId) ?? {};
    emit('track', Object.assign(remote, { userId, sessionId }));
  };

  /** The track takes the place of the one from the connection before, in the same stream. */
  const swap = (entry: Entry) => {
    const { prior, remote, track } = entry;
    if (!prior || !entries.has(entry)) return;
    entry.prior = undefined;
    clearTimeout(prior.waiting);
    entries.delete(prior);
    remote.stream.removeTrack(remote.track);
    remote.stream.addTrack(track);
    remote.track = track;
    if (prior.waiting) deliver(entry);
  };

  const end = (entry: Entry) => {
    if (!entries.has(entry)) return;
    const next = find(({ prior }) => prior === entry);
    if (next) return swap(next);
    entries.delete(entry);
    // One that was to replace another leaves that one; one that was not emitted needs no end.
    if (!entry.prior && !entry.waiting) emit('trackended', entry.remote);
    clearTimeout(entry.waiting);
  };

  const announced = () => {
    for (const entry of [...entries]) if (entry.waiting && ownerOf(entry.remote.trackId)) deliver(entry);
  };

  const tracks = {
    /** Whether this client sends it: the SFU offers the tracks of one of its peers to the other. */
    isOwn: (_trackId: string): boolean => false,

    get list(): RemoteTrack[] {
      return [...entries].filter(({ waiting, prior }) => !waiting && !prior).map(({ remote }) => remote);
    },

    /** @param sdp the offer that brings it; its `a=msid` has the ids that the publisher gave. */
    arrived({ track, streams, transceiver }: RTCTrackEvent, sdp: string, pc: RTCPeerConnection): void {
      endAll((entry) => entry.transceiver === transceiver);
      const own = streams[0] ?? new MediaStream([track]);
      const { streamId = own.id, trackId = track.id } = readMsid(sdp, transceiver.mid);
      if (tracks.isOwn(trackId)) return;
      const prior = find((entry) => !entry.prior && entry.remote.trackId === trackId);
      // All tracks of a stream have the same MediaStream, whichever connection they arrive on.
      const stream = find(({ remote }) => remote.streamId === streamId)?.remote.stream ?? own;
      if (!prior && stream !== own) stream.addTrack(track);
      // deliver() adds its publisher.
      const remote = prior?.remote ?? {
        track,
        stream,
        trackId,
        streamId,
        kind: track.kind,
      };
      const entry = { remote, transceiver, pc, prior, track, waiting: undefined } as Entry;
      entries.add(entry);
      track.addEventListener('ended', () => end(entry));
      track.addEventListener('unmute', () => {
        if (entries.has(entry)) onMedia(streamId);
        swap(entry);
      });
      if (prior) setTimeout(swap, track.muted ? MEDIA_TIMEOUT_MS : 0, entry);
      else {
        entry.waiting = setTimeout(deliver, ANNOUNCEMENT_TIMEOUT_MS, entry);
        announced();
      }
    },

    /** The room has changed: perhaps it has announced a track that is waited for. */
    announced,

    /**
     * The room has announced that these tracks are gone, a moment before the SFU does. A track that goes on under another id
     * stays until the media of that id arrives.
     */
    withdrawn(gone: readonly Pick<Track, 'trackId' | 'replacedBy'>[]): void {
      for (const { trackId, replacedBy } of gone)
        for (const entry of [...entries].filter(({ remote }) => remote.trackId === trackId)) {
          if (replacedBy) entry.remote.trackId = replacedBy;
          else end(entry);
        }
    },

    /** A connection has negotiated: tracks without a receiving section have ended. Others may negotiate just now. */
    negotiated(by: RTCPeerConnection): void {
      endAll(({ pc, transceiver }) => pc === by && !transceiver.currentDirection?.includes('recv'));
    },

    /** A connection is closed: its tracks have ended. */
    closed(gone: RTCPeerConnection | undefined): void {
      endAll(({ pc }) => pc === gone);
    },
  };
  return tracks;
}
