// @ts-check
/** Local media: camera and microphone, or generated replacements. */
import { generatedAudio, generatedVideo } from './generated-media.js';

const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/**
 * @typedef {{ camera: MediaStreamTrack | undefined, microphone: MediaStreamTrack | undefined, error: unknown }} Devices
 *   error: why one is missing
 */

export class LocalMedia {
  #name;
  #camera;
  micOn = true;
  cameraOn = true;

  /**
   * @param {string} name
   * @param {MediaStream} stream its picture and its sound
   * @param {{ camera: boolean, note: string }} source note: what to tell the person; empty if all is as expected
   */
  constructor(name, stream, { camera, note }) {
    this.#name = name;
    this.#camera = camera;
    this.stream = stream;
    this.note = note;
  }

  /** Whether the picture comes from a camera. */
  get fromCamera() {
    return this.#camera;
  }

  /**
   * What is missing is generated.
   * @param {string} name
   * @param {Devices} devices
   */
  static of(name, { camera, microphone }) {
    // With a real camera but no microphone, send silence instead of a generated tone.
    const audio = microphone ?? generatedAudio(name, { silent: Boolean(camera) });
    const stream = new MediaStream([camera ?? generatedVideo(name), audio]);
    const note = camera && !microphone ? 'No microphone was found. You are live without sound.' : '';
    return new LocalMedia(name, stream, { camera: Boolean(camera), note });
  }

  /** @param {boolean} on */
  setMic(on) {
    this.micOn = on;
    for (const track of this.stream.getAudioTracks()) track.enabled = on;
  }

  /**
   * Off: the camera is released, and a card with the initials is sent.
   * @param {boolean} on
   * @returns {Promise<{ old: MediaStreamTrack, next: MediaStreamTrack }>} old: to be stopped once replaced
   */
  async setCamera(on) {
    const [old] = this.stream.getVideoTracks();
    const next = on ? await this.#openPicture() : generatedVideo(this.#name, { cameraOff: true });
    this.stream.removeTrack(old);
    this.stream.addTrack(next);
    this.cameraOn = on;
    return { old, next };
  }

  stop() {
    for (const track of this.stream.getTracks()) track.stop();
  }

  async #openPicture() {
    if (!this.#camera) return generatedVideo(this.#name);
    const stream = await navigator.mediaDevices.getUserMedia({ video: VIDEO });
    return stream.getVideoTracks()[0];
  }
}

/** A screen or a window, without its sound; rejects if the user cancels. */
export const openScreen = () =>
  navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15 } } });

export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/**
 * Both devices, or the only one, or none without permission.
 * @returns {Promise<Devices>}
 */
export async function openDevices() {
  let firstError;
  for (const constraints of navigator.mediaDevices
    ? [{ video: VIDEO, audio: true }, { video: VIDEO }, { audio: true }]
    : []) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      const [camera] = stream.getVideoTracks();
      const [microphone] = stream.getAudioTracks();
      return { camera, microphone, error: firstError };
    } catch (error) {
      firstError ??= error;
      if (/** @type {Error} */ (error).name === 'NotAllowedError') break;
    }
  }
  return { camera: undefined, microphone: undefined, error: firstError };
}

/** @param {Devices} devices */
export function closeDevices({ camera, microphone }) {
  camera?.stop();
  microphone?.stop();
}
