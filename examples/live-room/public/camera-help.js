// @ts-check
/** Explains why there is no camera, what to do about it in this browser, and asks how to go on. */
import { byId, setText } from './dom.js';

/**
 * @typedef {'again' | 'without' | ''} Answer empty: do not go live
 * @typedef {{ title: string, text: string, again: boolean }} Help again: whether another attempt may succeed
 */

/**
 * @param {unknown} error of getUserMedia(); undefined where the browser has none
 * @param {{ tone: boolean, signal: AbortSignal }} options tone: there is no microphone either; signal: the visit is over
 * @returns {Promise<Answer>}
 */
export async function askAboutCamera(error, { tone, signal }) {
  const { title, text, again } = await helpFor(error);
  if (signal.aborted) return '';
  const dialog = /** @type {HTMLDialogElement} */ (byId('camera-help'));
  setText(byId('camera-help-title'), title);
  setText(byId('camera-help-text'), text);
  byId('camera-help-tone').hidden = !tone;
  byId('camera-help-again').hidden = !again;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(/** @type {Answer} */ (dialog.returnValue)), {
      once: true,
    });
  });
}

/** @param {unknown} error @returns {Promise<Help>} */
export async function helpFor(error) {
  const { name, message } = /** @type {Partial<Error>} */ (error ?? {});
  if (!window.isSecureContext)
    return {
      title: 'No camera on this address',
      text: `Browsers allow the camera only on https and on localhost, and this is ${location.origin}.`,
      again: false,
    };
  if (name === 'NotAllowedError')
    return { title: 'The camera is not allowed', text: await howToAllow(message ?? ''), again: true };
  if (name === 'NotFoundError' || name === 'OverconstrainedError')
    return {
      title: 'No camera was found',
      text: 'Connect a camera, or switch it on, and try again.',
      again: true,
    };
  if (name === 'NotReadableError' || name === 'AbortError')
    return {
      title: 'The camera is in use',
      text: 'Another program or tab uses it. Close that, and try again.',
      again: true,
    };
  return { title: 'The camera can’t be used', text: message || 'This browser has no camera.', again: true };
}

/** @param {string} message of the browser */
async function howToAllow(message) {
  if (/system/i.test(message))
    return 'The system does not allow the camera to this browser. Allow it in the privacy settings of the system, and try again.';
  if ((await permission()) === 'prompt') return 'Try again, and choose “Allow” when the browser asks.';
  return (
    BROWSERS.find(([agent]) => agent.test(navigator.userAgent))?.[1] ??
    'Allow it in the browser’s settings for this site.'
  );
}

/** How to take back a refusal: the first that fits. @type {[RegExp, string][]} */
const BROWSERS = [
  [
    /iPhone|iPad/,
    'Tap the button at the left of the address bar, then “Website Settings”. Set the camera and the microphone to “Allow”.',
  ],
  [
    /Android.*Chrome/,
    'Tap the icon at the left of the address, then “Permissions”. Allow the camera and the microphone.',
  ],
  [
    /Firefox/,
    'Click the crossed-out camera at the left of the address and remove the block. Then try again and choose “Allow”.',
  ],
  [/Chrome|Edg/, 'Click the icon at the left of the address, and switch on the camera and the microphone.'],
  [
    /Safari/,
    'In the menu “Safari”, open “Settings for” this website. Set the camera and the microphone to “Allow”.',
  ],
];

async function permission() {
  try {
    const { state } = await navigator.permissions.query({ name: /** @type {PermissionName} */ ('camera') });
    return state;
  } catch {
    return undefined; // not every browser knows this name
  }
}
