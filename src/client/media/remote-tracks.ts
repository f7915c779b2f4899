import type { Track } from '../../protocol/messages.js';
import type { Emit } from '../common/events.js';
import type { RemoteTrack } from '../common/remote-track.js';
import { readMsid } from './sdp.js';

interface RemoteTracksOptions {
  ownerOf(trackId: string): { userId: string; sessionId: string } | undefined;
  /** Whether this client sends it: during a rejoin, the SFU offers the tracks of one of its peers to the other. */
  isOwn(trackId: string): boolean;
  emit: Emit;
  /** A track of the stream has received its first media, or the first after a pause. */
  onMedia(streamId: string): void;
}

interface Entry {
  remote: RemoteTrack;
  section: RTCRtpTransceiver;
  /** The connection that receives it. */
  pc: RTCPeerConnection;
  /** The same track on an earlier connection. This entry replaces it after its first media. */
  prior: Entry | undefined;
  track: MediaStreamTrack;
  /** Set while the entry waits for the room's announcement. */
  waiting: ReturnType<typeof setTimeout> | undefined;
}

const ANNOUNCEMENT_TIMEOUT_MS = 1_000;
/** A paused track never receives its first media. */
const MEDIA_TIMEOUT_MS = 2_000;

export type RemoteTracks = ReturnType<typeof remoteTracks>;

/**
 * The received tracks. A track's media and its announcement by the room arrive in any order, and a track can end in several ways;
 * the application gets one `track` and one `trackended` for each.
 */
export function remoteTracks({ ownerOf, isOwn, emit, onMedia }: RemoteTracksOptions) {
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

  /** The track replaces that of the earlier connection in the same stream. */
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
    // If it has not replaced the earlier entry yet, that one stays. A track that was not emitted does not end.
    if (!entry.prior && !entry.waiting) emit('trackended', entry.remote);
    clearTimeout(entry.waiting);
  };

  const announced = () => {
    for (const entry of [...entries]) if (entry.waiting && ownerOf(entry.remote.trackId)) deliver(entry);
  };

  return {
    get list(): RemoteTrack[] {
      return [...entries].filter(({ waiting, prior }) => !waiting && !prior).map(({ remote }) => remote);
    },

    /** @param sdp the offer with the track; its `a=msid` has the publisher's ids */
    arrived(
      { track, streams, transceiver: section }: RTCTrackEvent,
      sdp: string,
      pc: RTCPeerConnection,
    ): void {
      endAll((entry) => entry.section === section);
      const own = streams[0] ?? new MediaStream([track]);
      const { streamId = own.id, trackId = track.id } = readMsid(sdp, section.mid);
      if (isOwn(trackId)) return;
      const prior = find((entry) => !entry.prior && entry.remote.trackId === trackId);
      // All tracks of a stream share a MediaStream, even on different connections.
      const stream = find(({ remote }) => remote.streamId === streamId)?.remote.stream ?? own;
      if (!prior && stream !== own) stream.addTrack(track);
      // deliver() sets the publisher.
      const remote = prior?.remote ?? {
        track,
        stream,
        trackId,
        streamId,
        kind: track.kind,
      };
      const entry = { remote, section, pc, prior, track, waiting: undefined } as Entry;
      // One of a connection that was lost meanwhile.
      for (const each of entries) if (prior && each.prior === prior) entries.delete(each);
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

    /** Emits the waiting tracks that the room has announced. */
    announced,

    /**
     * The room has removed these tracks; the SFU's offer without them follows. A track that continues with another id stays until
     * media with that id arrives.
     */
    withdrawn(gone: readonly Pick<Track, 'trackId' | 'replacedBy'>[]): void {
      for (const { trackId, replacedBy } of gone)
        for (const entry of [...entries].filter(({ remote }) => remote.trackId === trackId)) {
          if (replacedBy) entry.remote.trackId = replacedBy;
          else end(entry);
        }
    },

    /** A negotiation is complete: tracks of this connection without a receiving section have ended. */
    negotiated(by: RTCPeerConnection): void {
      endAll(({ pc, section }) => pc === by && !section.currentDirection?.includes('recv'));
    },

    /** Whether a track of this connection continues, but not on a later connection yet. */
    holds: (by: RTCPeerConnection | undefined) =>
      find(({ pc, remote }) => pc === by && !!ownerOf(remote.trackId)),

    /** The connection is closed: its tracks have ended. */
    closed(gone: RTCPeerConnection | undefined): void {
      endAll(({ pc }) => pc === gone);
    },
  };
}
