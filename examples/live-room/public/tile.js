// @ts-check
/** One video: the stream of a participant, or the user's own. */
import { paintAvatar } from './avatar.js';
import { fromTemplate, setIcon, setText } from './dom.js';

export class Tile {
  #media = new MediaStream();
  #onBlocked;
  #muted;

  /**
   * @param {{ streamId: string, name: string, screen: boolean, own?: boolean,
   *   onBlocked?: () => void, onResize?: () => void, onQuality?: (layer: string) => void }} options
   *   onBlocked: the browser refused to play with sound; onResize: the picture has another size
   */
  constructor({ streamId, name, screen, own = false, onBlocked, onResize, onQuality }) {
    this.streamId = streamId;
    this.own = own;
    this.#muted = own;
    this.#onBlocked = onBlocked;
    /** @type {HTMLElement} */
    this.element = fromTemplate('tile-template');
    this.video = /** @type {HTMLVideoElement} */ (this.#find('video'));
    this.video.muted = own;
    this.video.dataset.stream = streamId;
    this.element.classList.toggle('own', own);
    setText(this.#find('.placeholder-words'), own ? '' : 'Waiting for video …');
    this.identify(name, screen);
    this.#wire(onQuality);
    this.video.addEventListener('resize', () => onResize?.());
  }

  /**
   * Whose it is; may be known later than the picture.
   * @param {string} name
   * @param {boolean} screen
   */
  identify(name, screen) {
    this.name = name;
    this.screen = screen;
    this.video.dataset.user = name;
    this.element.classList.toggle('screen', screen);
    paintAvatar(this.element, name);
    setText(this.#find('.name > span'), label(name, screen, this.own));
    this.element.setAttribute('aria-label', label(name, screen, this.own));
  }

  /**
   * @param {MediaStreamTrack} track
   * @param {MediaStream} [stream] with this track, of the client. The tile plays it itself and no copy, because the client
   *   replaces its tracks after a reconnection.
   */
  addTrack(track, stream = this.#media) {
    this.#media = stream;
    for (const old of stream.getTracks())
      if (old !== track && old.kind === track.kind) stream.removeTrack(old);
    stream.addTrack(track);
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
    this.#find('.sound').hidden = this.own || stream.getAudioTracks().length === 0;
    this.play();
  }

  /**
   * A moderator has muted it: nothing comes any more, and the last picture must not stay.
   * @param {boolean} cut
   */
  set cut(cut) {
    this.element.classList.toggle('camera-off', cut);
    this.element.classList.toggle('cut', cut);
    setText(this.#find('.placeholder-words'), cut ? 'Muted by a moderator' : '');
  }

  /** @param {MediaStreamTrack} track */
  removeTrack(track) {
    this.#media.removeTrack(track);
    if (track.kind === 'video') this.element.classList.remove('playing');
    if (!this.empty) return;
    // An element treats a stream without tracks as ended, and would not play tracks that are added later.
    this.#media = new MediaStream();
    this.video.srcObject = null;
  }

  get empty() {
    return this.#media.getTracks().length === 0;
  }

  /** How many frames the video has shown; undefined without one. */
  get frames() {
    if (this.own || this.#media.getVideoTracks().length === 0) return undefined;
    return this.video.getVideoPlaybackQuality().totalVideoFrames;
  }

  /** Width by height of the picture; 16:9 until it is known. */
  get aspect() {
    const { videoWidth, videoHeight } = this.video;
    return videoHeight ? videoWidth / videoHeight : 16 / 9;
  }

  /** Plays, without sound if the browser insists on it. */
  async play() {
    try {
      await this.video.play();
    } catch (error) {
      if (/** @type {Error} */ (error).name !== 'NotAllowedError' || this.video.muted) return;
      this.video.muted = true;
      this.#showSound();
      this.#onBlocked?.();
      await this.video.play().catch(() => {});
    }
  }

  /** Back to sound, after the person has touched the page; not if they muted this tile themselves. */
  hear() {
    if (this.#muted) return;
    this.video.muted = false;
    this.#showSound();
    this.play();
  }

  /** @param {string[]} layers simulcast layers; quality can be chosen if there are several */
  set layers(layers) {
    this.#find('.quality').hidden = layers.length < 2;
  }

  /** @param {boolean} speaking */
  set speaking(speaking) {
    this.element.classList.toggle('speaking', speaking);
  }

  /** @param {{ mirrored?: boolean, note?: string, micOff?: boolean, cameraOff?: boolean, cut?: boolean }} look of the own preview */
  show({ mirrored = false, note = '', micOff = false, cameraOff = false, cut = false }) {
    this.element.classList.toggle('cut', cut);
    this.element.classList.toggle('mirrored', mirrored);
    this.element.classList.toggle('camera-off', cameraOff);
    setText(this.#find('.placeholder-words'), cameraOff ? 'Your camera is off' : '');
    this.#find('.name .muted').toggleAttribute('hidden', !micOff);
    const badge = this.#find('.badge.note');
    badge.hidden = !note;
    setText(badge, note);
  }

  /**
   * @param {import('./layout.js').Rect} rect
   * @param {boolean} floating over another tile
   */
  place({ x, y, width, height }, floating) {
    this.element.classList.toggle('floating', floating);
    const { style } = this.element;
    style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
    style.width = `${Math.round(width)}px`;
    style.height = `${Math.round(height)}px`;
  }

  remove() {
    this.video.srcObject = null;
    this.element.remove();
  }

  /** @param {((layer: string) => void) | undefined} onQuality */
  #wire(onQuality) {
    const select = /** @type {HTMLSelectElement} */ (this.#find('select'));
    select.addEventListener('change', () => onQuality?.(select.value));
    this.video.addEventListener('playing', () => this.element.classList.add('playing'));
    const sound = this.#find('.sound');
    sound.hidden = true;
    sound.addEventListener('click', () => {
      this.#muted = !this.video.muted;
      this.video.muted = this.#muted;
      this.#showSound();
    });
    const full = this.#find('.full');
    full.setAttribute('aria-label', `${this.name}: full screen`);
    full.title = 'Full screen';
    full.addEventListener('click', () => this.#toggleFullScreen());
    this.element.addEventListener('dblclick', () => this.#toggleFullScreen());
    this.#showSound();
  }

  #showSound() {
    const sound = this.#find('.sound');
    const { muted } = this.video;
    setIcon(sound, muted ? 'sound-off' : 'sound');
    sound.title = muted ? 'Turn the sound on' : 'Turn the sound off';
    sound.setAttribute('aria-label', `${this.name}: ${sound.title.toLowerCase()}`);
    sound.setAttribute('aria-pressed', String(muted));
  }

  #toggleFullScreen() {
    if (document.fullscreenElement) return document.exitFullscreen();
    if (this.element.requestFullscreen) return this.element.requestFullscreen().catch(() => {});
    // An iPhone shows only a <video> full screen.
    /** @type {any} */ (this.video).webkitEnterFullscreen?.();
  }

  /** @param {string} selector @returns {HTMLElement} */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.element.querySelector(selector));
  }
}

/** @param {string} name @param {boolean} screen @param {boolean} own */
function label(name, screen, own) {
  if (own) return screen ? 'Your screen' : 'You';
  return screen ? `${name}’s screen` : name;
}
