// @ts-check
/** The four buttons of whoever sends something: live, microphone, camera, screen. Each says what it does next. */
import { byId, setIcon, setText } from './dom.js';
import { canShareScreen } from './local-media.js';

/** @typedef {import('./local-media.js').LocalMedia} LocalMedia */

export class Controls {
  #live = byId('live');
  #mic = byId('mic');
  #camera = byId('camera');
  #screen = byId('screen');

  /** @param {Record<'live' | 'mic' | 'camera' | 'screen', () => unknown>} actions */
  constructor({ live, mic, camera, screen }) {
    this.#live.onclick = once(live);
    this.#mic.onclick = mic;
    this.#camera.onclick = once(camera);
    this.#screen.onclick = once(screen);
  }

  /** @param {{ media: LocalMedia | undefined, sharing: boolean, online: boolean }} state online: something can be started */
  show({ media, sharing, online }) {
    setControl(this.#live, media ? 'stop' : 'live', labelOf(media, sharing));
    this.#live.classList.toggle('on-air', Boolean(media));
    this.#live.disabled = !media && !online;
    this.#mic.hidden = !media;
    this.#camera.hidden = !media;
    if (media) {
      setControl(this.#mic, media.micOn ? 'mic' : 'mic-off', media.micOn ? 'Mute' : 'Unmute');
      this.#mic.classList.toggle('is-off', !media.micOn);
      const what = media.fromCamera ? 'Camera' : 'Video';
      setControl(
        this.#camera,
        media.cameraOn ? 'camera' : 'camera-off',
        `${what} ${media.cameraOn ? 'off' : 'on'}`,
      );
      this.#camera.classList.toggle('is-off', !media.cameraOn);
    }
    this.#screen.hidden = !canShareScreen();
    this.#screen.disabled = !sharing && !online;
    setControl(this.#screen, sharing ? 'screen-off' : 'screen', sharing ? 'Stop screen' : 'Share screen');
    this.#screen.classList.toggle('active', sharing);
  }
}

/** @param {LocalMedia | undefined} media @param {boolean} sharing */
function labelOf(media, sharing) {
  if (!media) return sharing ? 'Add camera' : 'Go live';
  if (sharing) return 'Stop both';
  return media.fromCamera ? 'Stop camera' : 'Stop video';
}

/**
 * A handler that ignores clicks while the previous one is pending.
 * @param {() => unknown} action
 */
function once(action) {
  let busy = false;
  return async () => {
    if (busy) return;
    busy = true;
    try {
      await action();
    } finally {
      busy = false;
    }
  };
}

/** @param {HTMLElement} button @param {string} icon @param {string} words */
function setControl(button, icon, words) {
  setIcon(button, icon);
  setText(/** @type {Element} */ (button.querySelector('span')), words);
}
