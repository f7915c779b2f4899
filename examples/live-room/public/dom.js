// @ts-check
/** The few DOM shorthands of this page. */

/**
 * The element with this id. Missing is a bug in index.html.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

/**
 * A fresh copy of a <template>'s one element.
 * @param {string} id
 * @returns {any}
 */
export const fromTemplate = (id) => byId(id).content.firstElementChild.cloneNode(true);

/**
 * Shows another icon of index.html's sprite.
 * @param {Element} parent
 * @param {string} name
 */
export function setIcon(parent, name) {
  parent.querySelector('use')?.setAttribute('href', `#i-${name}`);
}

/**
 * Sets a text only when it changes, so that screen readers and selections are left alone.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Calls `draw` with the display's frames, but no more often than the eye needs for slow movement; once only if
 * the user prefers reduced motion.
 * @param {() => boolean} draw false: no more
 */
export function animate(draw) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  let next = 0;
  const frame = (/** @type {number} */ now) => {
    if (now >= next) {
      next = now + 1000 / 25;
      if (!draw() || still) return;
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let toastTimer;

/**
 * A short message at the foot of the page, also read aloud.
 * @param {string} text
 */
export function toast(text, showForMs = 5000) {
  const element = byId('toast');
  setText(element, text);
  element.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => element.classList.remove('shown'), showForMs);
}

export const hideToast = () => byId('toast').classList.remove('shown');

/**
 * Says something to screen readers only.
 * @param {string} text
 */
export const announce = (text) => setText(byId('announcer'), text);
