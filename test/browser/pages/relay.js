import { connect } from '/dist/client.js';
import { bandwidthOf, camera, canvas, decodedFrames, large, play, small } from './media.js';

/** What a test can do on this page: the same as on ion.js, and what only our client can. */
let client;
/** The last canvas that was published. */
let picture;
const heard = { participants: [], tracks: [], errors: [], closes: [], speakers: [], goaways: [] };

window.participant = {
  heard,

  async join({ room, user, role, autoSubscribe = true, ...entry }) {
    await open(entry);
    const { sessionId, userId, participants } = await client.join({
      roomId: room,
      userId: user,
      role,
      autoSubscribe,
    });
    return { sessionId, userId, participants };
  },

  async attach({ url, ...session }) {
    await open({ url });
    const { sessionId, userId, participants } = await client.attach(session);
    return { sessionId, userId, participants };
  },

  publishCamera: async (options) => publish(await camera(options?.simulcast ? large : small), options),
  sendFullLayer,
  publishCanvas: (size, options) => {
    picture = canvas(size);
    return publish(picture, options);
  },
  resizeCanvas: (size) => void picture.resize(size),
  unpublish: (streamId) => client.unpublish(streamId),
  restartIce: () => client.restartIce(),
  leave: () => client.leave(),

  /** The streams that arrive, with the users that they are said to be of. */
  received: () => client.tracks.map(({ streamId, kind, userId }) => ({ streamId, kind, userId })),

  framesDecoded: () =>
    decodedFrames(
      client.subscriber,
      (trackId) => client.tracks.find(({ track }) => track.id === trackId)?.streamId ?? trackId,
    ),

  bandwidth: () => bandwidthOf(client.publisher),

  /** The users that are in the room, as the client keeps them. */
  others: () => [...client.participants.values()].map(({ userId }) => userId).sort(),

  /** The ICE user fragment of the publisher connection: another one after an ICE restart. */
  iceUfrag: () => /a=ice-ufrag:(\S+)/.exec(client.publisher?.localDescription?.sdp ?? '')?.[1],
};

async function open({ url, rtcConfiguration, unplayable, resumeAcrossReloads }) {
  if (unplayable) refuse(unplayable);
  client = await connect(url, { statsIntervalMs: 500, rtcConfiguration, resumeAcrossReloads });
  window.client = client;
  client.on('participants', (event) => heard.participants.push(event));
  client.on('tracks', (event) => heard.tracks.push(event));
  client.on('track', ({ stream }) => play(stream));
  client.on('error', ({ code, message }) => heard.errors.push({ code, message }));
  client.on('close', (info) => heard.closes.push(info));
  client.on('speakers', (streamIds) => heard.speakers.push(...streamIds));
  client.on('goaway', (params) => heard.goaways.push(params));
}

async function publish(stream, { withoutFullLayer = false, ...options } = {}) {
  play(stream);
  try {
    const publishing = client.publish(stream, options);
    if (withoutFullLayer) await sendFullLayer(false);
    return { streamId: (await publishing).streamId };
  } catch ({ code, message }) {
    return { refused: { code, message } };
  }
}

/** Switches the full layer of simulcast on and off, as a browser does by itself with its bandwidth. */
async function sendFullLayer(active) {
  const videoSender = () => client.publisher.getSenders().find(({ track }) => track?.kind === 'video');
  while (!videoSender()) await new Promise((resolve) => setTimeout(resolve));
  const parameters = videoSender().getParameters();
  parameters.encodings.find(({ rid }) => rid === 'f').active = active;
  await videoSender().setParameters(parameters);
}

/** From now on this page plays no video of a codec: it rejects what the SFU offers of it. */
function refuse(codec) {
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = async function (description) {
    await setRemoteDescription.call(this, description);
    if (description.type !== 'offer') return;
    const played = RTCRtpReceiver.getCapabilities('video').codecs.filter(
      ({ mimeType }) => mimeType !== codec,
    );
    for (const transceiver of this.getTransceivers()) {
      const isVideo =
        transceiver.receiver.track.kind === 'video' && transceiver.currentDirection !== 'stopped';
      if (isVideo) transceiver.setCodecPreferences(played);
    }
  };
}
