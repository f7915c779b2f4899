export const small = { width: 320, height: 180 };
/** Large enough for three simulcast layers. */
export const large = { width: 960, height: 540 };

/** Chromium's fake camera and microphone. */
export function camera(size = small) {
  return navigator.mediaDevices.getUserMedia({ audio: true, video: { ...size, frameRate: 15 } });
}

/** A moving picture without sound, as a second source; `resize()` gives it another size. */
export function canvas(size = small) {
  const element = Object.assign(document.createElement('canvas'), size);
  const context = element.getContext('2d');
  let hue = 0;
  setInterval(() => {
    hue = (hue + 7) % 360;
    context.fillStyle = `hsl(${hue} 80% 50%)`;
    context.fillRect(0, 0, element.width, element.height);
  }, 50);
  const stream = element.captureStream(15);
  return Object.assign(stream, { resize: (other) => Object.assign(element, other) });
}

/** Plays what arrives, as a real page does; also a later stream of the same id. */
export function play(stream) {
  const present = document.getElementById(stream.id);
  const video =
    present ?? Object.assign(document.createElement('video'), { id: stream.id, autoplay: true, muted: true });
  if (video.srcObject !== stream) video.srcObject = stream;
  if (!present) document.body.append(video);
}

/** Frames decoded so far, by the id of the stream that they came in. */
export async function decodedFrames(connection, streamIdOf) {
  const report = connection ? [...(await connection.getStats()).values()] : [];
  const video = report.filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
  return Object.fromEntries(
    video.map(({ trackIdentifier, framesDecoded = 0 }) => [streamIdOf(trackIdentifier), framesDecoded]),
  );
}

/** What the browser believes that this connection can send, in bit/s. */
export async function bandwidthOf(connection) {
  const report = connection ? [...(await connection.getStats()).values()] : [];
  return Math.max(0, ...report.map(({ availableOutgoingBitrate = 0 }) => availableOutgoingBitrate));
}
