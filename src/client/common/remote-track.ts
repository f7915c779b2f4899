/**
 * A track that is being received, and its publisher.
 * @category Client
 */
export interface RemoteTrack {
  track: MediaStreamTrack;
  stream: MediaStream;
  /** The publisher's MediaStreamTrack id, as announced by the room. `track.id` differs from it in some browsers. */
  trackId: string;
  /** The publisher's MediaStream id, as announced by the room. */
  streamId: string;
  kind: 'audio' | 'video';
  /** Undefined if the room did not announce the track within a second after its media arrived. */
  userId: string | undefined;
  sessionId: string | undefined;
}
