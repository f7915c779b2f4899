import { connect } from '/dist/client.js';
import { decodedFrames, small } from './media.js';

let client;
/** What this page sends, by its purpose. */
const streams = { camera: undefined, screen: undefined };
const errors = [];
const closes = [];
let departures = 0;

/** What a user does in a room, as often as a test wants: nothing of it stays in the page. */
window.day = {
  errors,
  closes,

  async join({ url, room, user, role, media }) {
    sendThroughProxy(media);
    client = await connect(url);
    client.on('track', ({ track }) => play(track));
    client.on('trackended', ({ track }) => stopPlaying(track));
    client.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
    client.on('state', (state) => {
      if (state !== 'joined') departures += 1;
    });
    client.on('close', ({ code, reason }) => closes.push(`${code} ${reason}`));
    await client.join({ roomId: room, userId: user, role });
  },

  /** Switches the camera, or the screen, on or off. */
  async send(what, isOn) {
    const old = streams[what];
    if (isOn === (old !== undefined)) return;
    if (isOn) {
      const stream = what === 'camera' ? await camera() : screen();
      streams[what] = stream;
      await client.publish(stream);
    } else {
      streams[what] = undefined;
      await client.unpublish(old);
      for (const track of old.getTracks()) track.stop();
      old.stop?.();
    }
  },

  async muteAndUnmute() {
    const [track] = streams.camera?.getAudioTracks() ?? [];
    if (!track) return;
    for (const muted of [true, false]) {
      track.enabled = !muted;
      await client.setMuted(track, muted);
    }
  },

  state: () => client.state,

  /** How often the client has found itself without media or without a session. */
  departures: () => departures,

  hasMedia: () =>
    [client.publisher, client.subscriber].every((connection) => connection?.connectionState === 'connected'),

  sends: () =>
    Object.values(streams)
      .flatMap((stream) => stream?.id ?? [])
      .sort(),

  /** The ids of the streams of each other user, as the room says. */
  roster: () =>
    Object.fromEntries(
      [...client.participants.values()].map(({ userId, tracks }) => [
        userId,
        [...new Set(tracks.map(({ streamId }) => streamId))].sort(),
      ]),
    ),

  frames: () =>
    decodedFrames(
      client.subscriber,
      (trackId) => client.tracks.find(({ track }) => track.id === trackId)?.streamId ?? trackId,
    ),
};

function camera() {
  return navigator.mediaDevices.getUserMedia({ audio: true, video: { ...small, frameRate: 10 } });
}

/** A moving picture, until it is stopped. */
function screen() {
  const element = Object.assign(document.createElement('canvas'), small);
  const context = element.getContext('2d');
  let hue = 0;
  const timer = setInterval(() => {
    hue = (hue + 7) % 360;
    context.fillStyle = `hsl(${hue} 80% 50%)`;
    context.fillRect(0, 0, small.width, small.height);
  }, 100);
  return Object.assign(element.captureStream(10), { stop: () => clearInterval(timer) });
}

function play(track) {
  const element = Object.assign(document.createElement(track.kind), {
    id: track.id,
    autoplay: true,
    muted: true,
  });
  element.srcObject = new MediaStream([track]);
  // The browser keeps a record of whatever moves in a page.
  element.style.position = 'fixed';
  document.body.append(element);
}

function stopPlaying(track) {
  const element = document.getElementById(track.id);
  if (!element) return;
  // An element that plays lives on without the page.
  element.srcObject = null;
  element.remove();
}

/** The SFU is reached by another address than its own. */
function sendThroughProxy({ own, proxy }) {
  const swap = (text) => text?.replaceAll(`${own} `, `${proxy} `);
  const { setRemoteDescription, addIceCandidate } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: swap(sdp) });
  };
  RTCPeerConnection.prototype.addIceCandidate = function (candidate) {
    return addIceCandidate.call(this, candidate && { ...candidate, candidate: swap(candidate.candidate) });
  };
}
