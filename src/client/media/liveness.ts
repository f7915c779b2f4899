/** Media that is there arrives more often: the SFU reports on what it receives each second. */
const PROBE_MS = 2_000;
/** Browsers call a connection without a route disconnected after some 5 s without an answer (RFC 7675: consent is checked every 5 s). */
const CONSENT_MS = 8_000;

/** Bytes of media and reports that a connection has received; undefined where the browser does not say, as Firefox without a route. */
async function receivedBy(pc: RTCPeerConnection): Promise<number | undefined> {
  let bytes: number | undefined;
  for (const each of (await pc.getStats()).values())
    if (each.type === 'candidate-pair' && each.bytesReceived > 0) bytes = (bytes ?? 0) + each.bytesReceived;
  return bytes;
}

/** Whether a frame of video was decoded, or audio was played. */
export const hasMedia = (receiver: RTCRtpReceiver): Promise<boolean> =>
  receiver.getStats().then(
    (stats) =>
      [...stats.values()].some(
        ({ framesDecoded, jitterBufferEmittedCount }) => (framesDecoded ?? jitterBufferEmittedCount) > 0,
      ),
    () => false,
  );

/**
 * Whether connections still receive something. After a change of networks it takes many seconds until a browser says that one has failed.
 * @param busy connections on which something has to arrive
 * @param subscribers nothing but another one restores these: the browser's word that one is disconnected suffices
 */
export async function isAlive(
  busy: readonly RTCPeerConnection[],
  subscribers: readonly RTCPeerConnection[],
): Promise<boolean> {
  const received = () => Promise.all(busy.map(receivedBy));
  const isUp = () => subscribers.every(({ connectionState }) => !/disc|fail/.test(connectionState));
  const before = await received();
  await pause(PROBE_MS);
  const after = await received();
  if (!isUp() || after.some((bytes, n) => bytes !== undefined && bytes === before[n])) return false;
  await pause(CONSENT_MS - PROBE_MS);
  return isUp();
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
