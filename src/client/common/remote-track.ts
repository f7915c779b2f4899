/**
 * A track that is being received, and its publisher.
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
