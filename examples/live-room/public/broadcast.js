// @ts-check
/** Publishing: the four buttons for live, microphone, camera and screen. */
import { byId, setIcon, setText, toast } from './dom.js';
import { canShareScreen, LocalMedia, openScreen } from './local-media.js';
import { describeProblem } from './status.js';

const CAMERA_BITRATE = 1_500_000;
const GENERATED_BITRATE = 800_000;
const SCREEN_BITRATE = 2_500_000;
/** `?simulcast`: three sizes; each viewer receives one. Ion supports this, the dev SFU does not. */
const SIMULCAST = new URLSearchParams(location.search).has('simulcast');

export class Broadcast {
  #room;
  #stage;
  #name;
  #onChange;
  /** @type {LocalMedia | undefined} */
  #media;
  /** @type {MediaStream | undefined} */
  #screen;
  #ended = false;
  /** What is asked of the person now counts only while this stays the same: it may take longer than the visit. */
  #stay = 0;
  #cut = false;
  #buttons = { live: byId('live'), mic: byId('mic'), camera: byId('camera'), screen: byId('screen') };

  /**
   * @param {{ room: import('./room.js').Room, stage: import('./stage.js').Stage, name: string, onChange: () => void }} options
   */
  constructor({ room, stage, name, onChange }) {
    this.#room = room;
    this.#stage = stage;
    this.#name = name;
    this.#onChange = onChange;
    const { live, mic, camera, screen } = this.#buttons;
    live.onclick = once(() => (this.#media ? this.stop() : this.start()));
    mic.onclick = () => this.#toggleMic();
    camera.onclick = once(() => this.#toggleCamera());
    screen.onclick = once(() => (this.#screen ? this.#stopScreen() : this.#startScreen()));
    this.#show();
  }

  get live() {
    return Boolean(this.#media ?? this.#screen);
  }

  /** @param {boolean} cut whether a moderator has muted what this person sends */
  set cut(cut) {
    if (cut === this.#cut) return;
    this.#cut = cut;
    if (this.live)
      toast(
        cut
          ? 'A moderator has muted you: the others cannot see or hear you.'
          : 'A moderator has unmuted you.',
      );
    this.#show();
  }

  async start() {
    if (this.#media || !this.#room.open) return;
    const stay = this.#stay;
    const media = await LocalMedia.open(this.#name);
    if (stay !== this.#stay || this.#media) return media.stop();
    this.#media = media;
    for (const track of media.stream.getTracks()) this.#watch(track);
    this.#show();
    if (media.note) toast(media.note, 9000);
    try {
      const maxBitrate = media.fromCamera ? CAMERA_BITRATE : GENERATED_BITRATE;
      await this.#room.publish(media.stream, { maxBitrate, simulcast: SIMULCAST });
    } catch (error) {
      this.#sayWhy(error);
      await this.stop();
    }
  }

  async stop() {
    const media = this.#media;
    if (!media) return;
    this.#media = undefined;
    media.stop();
    this.#stage.remove(media.stream.id);
    this.#show();
    await this.#room.unpublish(media.stream).catch((error) => this.#sayWhy(error));
  }

  /**
   * After the end of a visit: releases camera, microphone and screen, also those that are still being opened. After a later
   * join, the user has to go live again.
   */
  release() {
    this.#stay += 1;
    for (const stream of [this.#media?.stream, this.#screen]) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      if (stream) this.#stage.remove(stream.id);
    }
    this.#media = undefined;
    this.#screen = undefined;
    this.#show();
  }

  /** As release(), and the person has gone: nothing is shown any more. */
  end() {
    this.#ended = true;
    this.release();
  }

  #toggleMic() {
    this.#media?.setMic(!this.#media.micOn);
    this.#show();
  }

  async #toggleCamera() {
    const media = this.#media;
    if (!media) return;
    try {
      const { old, next } = await media.setCamera(!media.cameraOn);
      if (this.#media !== media) return media.stop();
      try {
        await this.#room.replaceTrack(old, next);
      } finally {
        old.stop();
      }
      this.#watch(next);
    } catch {
      if (this.#media !== media) return;
      toast('The camera is not available. Another program may be using it.');
    }
    this.#show();
  }

  /**
   * Somebody pulled the plug, or took the permission back.
   * @param {MediaStreamTrack} track
   */
  #watch(track) {
    track.addEventListener('ended', () => {
      if (!this.#media?.stream.getTracks().includes(track)) return;
      toast('The camera or microphone was disconnected, so you are no longer live.');
      this.stop();
    });
  }

  async #startScreen() {
    if (!this.#room.open) return;
    const stay = this.#stay;
    const screen = await openScreen().catch(() => undefined); // the user cancelled
    if (!screen) return;
    if (stay !== this.#stay) {
      for (const track of screen.getTracks()) track.stop();
      return;
    }
    this.#screen = screen;
    screen.getVideoTracks()[0].addEventListener('ended', () => this.#stopScreen());
    this.#show();
    try {
      await this.#room.publish(screen, { maxBitrate: SCREEN_BITRATE });
    } catch (error) {
      this.#sayWhy(error);
      await this.#stopScreen();
    }
  }

  async #stopScreen() {
    const screen = this.#screen;
    if (!screen) return;
    this.#screen = undefined;
    for (const track of screen.getTracks()) track.stop();
    this.#stage.remove(screen.id);
    this.#show();
    await this.#room.unpublish(screen).catch((error) => this.#sayWhy(error));
  }

  /** Buttons and previews, from what is being sent. */
  #show() {
    const media = this.#media;
    const { live, mic, camera, screen } = this.#buttons;
    setControl(live, media ? 'stop' : 'live', media ? 'Stop' : 'Go live');
    live.classList.toggle('on-air', Boolean(media));
    mic.hidden = !media;
    camera.hidden = !media;
    screen.hidden = !canShareScreen();
    if (media) {
      setControl(mic, media.micOn ? 'mic' : 'mic-off', media.micOn ? 'Mute' : 'Unmute');
      mic.classList.toggle('is-off', !media.micOn);
      const title = media.cameraOn ? 'Turn the camera off' : 'Turn the camera on';
      setControl(camera, media.cameraOn ? 'camera' : 'camera-off', 'Camera', title);
      camera.classList.toggle('is-off', !media.cameraOn);
      const tile = this.#stage.showOwn(media.stream, { name: this.#name, screen: false });
      tile.show({
        mirrored: media.fromCamera && media.cameraOn,
        note: this.#cut ? 'Muted by a moderator' : media.fromCamera ? '' : 'Generated video',
        micOff: !media.micOn || this.#cut,
        cameraOff: !media.cameraOn,
      });
    }
    const sharing = Boolean(this.#screen);
    const title = sharing ? 'Stop sharing your screen' : 'Share your screen';
    setControl(screen, sharing ? 'screen-off' : 'screen', sharing ? 'Sharing' : 'Share', title);
    screen.classList.toggle('active', sharing);
    if (this.#screen) this.#stage.showOwn(this.#screen, { name: this.#name, screen: true });
    this.#onChange();
  }

  /** @param {any} error */
  #sayWhy(error) {
    if (!this.#ended) toast(describeProblem(error, { entered: true }).title);
  }
}

/**
 * A handler that ignores clicks while the previous one is pending.
 * @param {() => Promise<unknown>} action
 */
function once(action) {
  let busy = false;
  return async () => {
    if (busy) return;
    busy = true;
    await action().finally(() => {
      busy = false;
    });
  };
}

/** @param {HTMLElement} button @param {string} icon @param {string} words @param {string} [title] */
function setControl(button, icon, words, title = words) {
  setIcon(button, icon);
  setText(/** @type {Element} */ (button.querySelector('span')), words);
  button.title = title;
  button.setAttribute('aria-label', title);
}
