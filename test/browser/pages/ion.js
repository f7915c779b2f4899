import { bandwidthOf, camera, canvas, decodedFrames, play } from './media.js';

/** ion-sdk-js as its users write it; nothing here knows of the relay. */
const { Client, LocalStream } = window.IonSDK;
const { IonSFUJSONRPCSignal } = window.Signal;

let client;
const streamsByTrack = new Map();

window.participant = {
  async join({ url, room, user }) {
    const signal = new IonSFUJSONRPCSignal(url);
    client = new Client(signal, { codec: 'vp8', iceServers: [] });
    client.ontrack = (track, stream) => {
      streamsByTrack.set(track.id, stream.id);
      play(stream);
    };
    await new Promise((resolve, reject) => {
      signal.onopen = resolve;
      signal.onerror = reject;
    });
    signal.socket.addEventListener('close', ({ code }) =>
      window.dispatchEvent(new CustomEvent('gone', { detail: code })),
    );
    await client.join(room, user);
  },

  publishCamera: async () => publish(await camera()),
  publishCanvas: () => publish(canvas()),
  leave: () => client.close(),

  bandwidth: () => bandwidthOf(client.transports?.[0].pc),

  framesDecoded: () =>
    decodedFrames(client.transports?.[1].pc, (trackId) => streamsByTrack.get(trackId) ?? trackId),
};

function publish(media) {
  const stream = new LocalStream(media, { resolution: 'qvga', codec: 'vp8', audio: true, video: true });
  play(stream);
  client.publish(stream);
  return { streamId: stream.id };
}
