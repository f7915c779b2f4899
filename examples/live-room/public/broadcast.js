// @ts-check
/** Publishing: camera and microphone, or what replaces them, and the screen. */
import { askAboutCamera, helpFor } from './camera-help.js';
import { Controls } from './controls.js';
import { toast } from './dom.js';
import { closeDevices, LocalMedia, openDevices, openScreen } from './local-media.js';
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
  /** Aborted with the visit: what is asked of the person may take longer. */
  #visit = new AbortController();
  #cut = false;
  #online = false;
  #controls = new Controls({
    live: () => (this.#media ? this.#stopAll() : this.start()),
    mic: () => this.#toggleMic(),
    camera: () => this.#toggleCamera(),
    screen: () => (this.#screen ? this.#stopScreen() : this.#startScreen()),
  });

  /**
   * @param {{ room: import('./room.js').Room, stage: import('./stage.js').Stage, name: string, onChange: () => void }} options
   */
  constructor({ room, stage, name, onChange }) {
    this.#room = room;
    this.#stage = stage;
    this.#name = name;
    this.#onChange = onChange;
    this.#show();
  }

  get live() {
    return Boolean(this.#media ?? this.#screen);
  }

  /** @param {boolean} cut whether a moderator has muted what this person sends */
  set cut(cut) {
    if (cut === this.#cut) return;
    this.#cut = cut;
    this.#show();
  }

  get cut() {
    return this.#cut;
  }

  /** @param {boolean} online whether something can be started */
  set online(online) {
    if (online === this.#online) return;
    this.#online = online;
    this.#show();
  }

  async start() {
    if (this.#media || !this.#room.open) return;
    const { signal } = this.#visit;
    const media = await this.#open(signal);
    if (!media) return;
    if (signal.aborted || this.#media) return media.stop();
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

  /**
   * Camera and microphone, or what the person wants in their place; undefined if they do not want to go live.
   * @param {AbortSignal} signal
   */
  async #open(signal) {
    for (;;) {
      const devices = await openDevices();
      if (devices.camera) return LocalMedia.of(this.#name, devices);
      const answer = await askAboutCamera(devices.error, { tone: !devices.microphone, signal });
      if (answer === 'without' && !signal.aborted) return LocalMedia.of(this.#name, devices);
      closeDevices(devices);
      if (answer !== 'again' || signal.aborted) return undefined;
    }
  }

  async #stopAll() {
    await Promise.all([this.stop(), this.#stopScreen()]);
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
    this.#visit.abort();
    this.#visit = new AbortController();
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
    } catch (error) {
      if (this.#media !== media) return;
      const { title, text } = await helpFor(error);
      toast(`${title}. ${text}`, 9000);
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
    const { signal } = this.#visit;
    const screen = await openScreen().catch(() => undefined); // the user cancelled
    if (!screen) return;
    if (signal.aborted) {
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
    this.#controls.show({ media, sharing: Boolean(this.#screen), online: this.#online });
    if (media) {
      const tile = this.#stage.showOwn(media.stream, { name: this.#name, screen: false });
      tile.show({
        mirrored: media.fromCamera && media.cameraOn,
        note: this.#cut ? 'Muted by a moderator' : media.fromCamera ? '' : 'Generated video',
        micOff: !media.micOn || this.#cut,
        cameraOff: !media.cameraOn,
        cut: this.#cut,
      });
    }
    if (this.#screen) this.#stage.showOwn(this.#screen, { name: this.#name, screen: true });
    this.#onChange();
  }

  /** @param {any} error */
  #sayWhy(error) {
    if (!this.#ended) toast(describeProblem(error, { entered: true }).title);
  }
}
