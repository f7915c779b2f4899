import type { Participant, Track } from '../../protocol/messages.js';
import type { Emit } from '../common/events.js';
import type { RemoteTrack } from '../common/remote-track.js';
import { hasMedia, pause } from './liveness.js';
import { readMsid } from './sdp.js';

interface RemoteTracksOptions {
  ownerOf(trackId: string): Participant | undefined;
  /** Whether this client sends it: during a rejoin, the SFU offers the tracks of one of its peers to the other. */
  isOwn(trackId: string): boolean;
  emit: Emit;
  /** A track of the stream has received its first media, or the first after a pause. */
  onMedia(streamId: string): void;
}

/** One way by which a track is received. There are several while its publisher's peer is being replaced, or this client's. */
interface Source {
  track: MediaStreamTrack;
  section: RTCRtpTransceiver;
  /** The connection that receives it. */
  pc: RTCPeerConnection;
  /** The number of the connection's peer. */
  peer: number;
  /** The publisher's id of the track on this way. */
  trackId: string;
  /** Whether its media flows, or is not waited for any more. */
  isReady: boolean;
}

interface Entry {
  remote: RemoteTrack;
  /** The publisher's ids of the track, the newest last. */
  ids: string[];
  /** The application has the track of this one. */
  current: Source;
  sources: Set<Source>;
  /** Set while the entry waits for the room's announcement. */
  waiting: ReturnType<typeof setTimeout> | undefined;
}

const ANNOUNCEMENT_TIMEOUT_MS = 1_000;
/** A paused track never receives its first media. Shorter than both peers exist. */
const MEDIA_TIMEOUT_MS = 4_000;
/** How often a source without media is looked at. */
const LOOK_MS = 50;

export type RemoteTracks = ReturnType<typeof remoteTracks>;

/**
 * The received tracks. A track's media and its announcement by the room arrive in any order, and a track can end in several ways;
 * the application gets one `track` and one `trackended` for each.
 */
export function remoteTracks({ ownerOf, isOwn, emit, onMedia }: RemoteTracksOptions) {
  const entries = new Set<Entry>();
  const find = (isMeant: (entry: Entry) => boolean) => [...entries].find(isMeant);
  const findId = (trackId: string) => find(({ ids }) => ids.includes(trackId));
  const ageOf = ({ ids }: Entry, { trackId }: Source) => ids.indexOf(trackId);

  const deliver = (entry: Entry) => {
    clearTimeout(entry.waiting);
    entry.waiting = undefined;
    const { remote } = entry;
    const { userId, sessionId } = ownerOf(remote.trackId) ?? {};
    remote.stream.addTrack(remote.track);
    emit('track', Object.assign(remote, { userId, sessionId }));
  };

  /** The application gets this source's track in the same stream, in place of the current one. */
  const use = (entry: Entry, source: Source) => {
    const { remote } = entry;
    entry.current = source;
    remote.stream.removeTrack(remote.track);
    remote.track = source.track;
    if (!entry.waiting) remote.stream.addTrack(source.track);
  };

  /** Adds the source, and uses it as soon as its media flows, unless the current one is of a newer id or peer. */
  const follow = async (entry: Entry, source: Source) => {
    entry.sources.add(source);
    const { track, section } = source;
    for (
      let ms = 0;
      ms < MEDIA_TIMEOUT_MS && (track.muted || !(await hasMedia(section.receiver)));
      ms += LOOK_MS
    )
      await pause(LOOK_MS);
    source.isReady = true;
    const { current, sources } = entry;
    const isNewest = source.peer >= current.peer && ageOf(entry, source) >= ageOf(entry, current);
    if (isNewest && sources.has(source)) use(entry, source);
  };

  const end = (entry: Entry) => {
    // A track that was not emitted does not end.
    if (entries.delete(entry) && !entry.waiting) emit('trackended', entry.remote);
    clearTimeout(entry.waiting);
  };

  const endSources = (isMeant: (source: Source) => boolean) => {
    for (const entry of [...entries]) {
      const { sources } = entry;
      for (const each of sources) if (isMeant(each)) sources.delete(each);
      const rank = (each: Source) => (each.isReady ? 1e9 : 0) + ageOf(entry, each) * 1e4 + each.peer;
      const [best] = [...sources].sort((one, other) => rank(other) - rank(one));
      if (!best) end(entry);
      else if (!sources.has(entry.current)) use(entry, best);
    }
  };

  const announced = () => {
    for (const entry of [...entries]) if (entry.waiting && ownerOf(entry.remote.trackId)) deliver(entry);
  };

  return {
    get list(): RemoteTrack[] {
      return [...entries].filter(({ waiting }) => !waiting).map(({ remote }) => remote);
    },

    /** @param sdp the offer with the track; its `a=msid` has the publisher's ids */
    arrived(
      { track, streams, transceiver: section }: RTCTrackEvent,
      sdp: string,
      pc: RTCPeerConnection,
      peer: number,
    ): void {
      endSources((each) => each.section === section);
      const own = streams[0] ?? new MediaStream();
      const { streamId = own.id, trackId = track.id } = readMsid(sdp, section.mid);
      if (isOwn(trackId)) return;
      const source: Source = { track, section, pc, peer, trackId, isReady: false };
      track.addEventListener('ended', () => endSources((each) => each === source));
      track.addEventListener('unmute', () => onMedia(streamId));
      // All tracks of a stream share a MediaStream, even on different connections.
      const stream = find(({ remote }) => remote.streamId === streamId)?.remote.stream ?? own;
      // The browser has added it to the stream of its connection. Two sources of a track would be heard twice.
      stream.removeTrack(track);
      const known = findId(trackId);
      if (known) return void follow(known, source);
      source.isReady = true;
      // deliver() sets the publisher.
      const remote = { track, stream, trackId, streamId, kind: track.kind } as RemoteTrack;
      const entry: Entry = {
        remote,
        ids: [trackId],
        current: source,
        sources: new Set([source]),
        waiting: setTimeout(() => deliver(entry), ANNOUNCEMENT_TIMEOUT_MS),
      };
      entries.add(entry);
      announced();
    },

    /** Emits the waiting tracks that the room has announced. */
    announced,

    /**
     * The room has removed these tracks; the SFU's offer without them follows. A track that continues with another id stays until
     * media with that id arrives.
     */
    withdrawn(gone: readonly Pick<Track, 'trackId' | 'replacedBy'>[]): void {
      for (const { trackId, replacedBy } of gone) {
        const entry = find(({ remote }) => remote.trackId === trackId);
        if (!entry) continue;
        if (replacedBy) {
          // Its media may have come first.
          const early = findId(replacedBy);
          entry.ids.push(replacedBy);
          entry.remote.trackId = replacedBy;
          if (early?.waiting && early !== entry) {
            clearTimeout(early.waiting);
            entries.delete(early);
            for (const source of early.sources) follow(entry, source);
          }
        } else end(entry);
      }
    },

    /** A negotiation is complete: tracks of this connection without a receiving section have ended. */
    negotiated(by: RTCPeerConnection): void {
      endSources(({ pc, section }) => pc === by && !section.currentDirection?.includes('recv'));
    },

    /** Whether a track of this connection continues, but not on a later connection yet. Media of muted ones may not come there. */
    holds: (by: RTCPeerConnection | undefined) =>
      find(({ current, remote }) => {
        const { tracks = [] } = ownerOf(remote.trackId) ?? {};
        return current.pc === by && tracks.some(({ trackId, muted }) => trackId === remote.trackId && !muted);
      }),

    /** The connection is closed: its tracks have ended. */
    closed(gone: RTCPeerConnection | undefined): void {
      endSources(({ pc }) => pc === gone);
    },
  };
}
