// @ts-check
/** Keeps the keyboard's place: where a focused element vanishes, something near it has the focus next. */
import { byId } from './dom.js';

const FOCUSABLE = 'button, a[href], input, select, [tabindex]';

/** @type {Element | undefined} */
let focused;
/** @type {Element[]} what it is in, from the inside; it may be taken out of the page */
let around = [];

/** Watches the page from now on. */
export function keepFocus() {
  document.addEventListener('focusin', ({ target }) => {
    focused = /** @type {Element} */ (target);
    around = ancestorsOf(focused);
  });
  // A click beside everything takes the focus away on purpose.
  document.addEventListener('pointerdown', ({ target }) => {
    if (!(/** @type {Element} */ (target).closest(FOCUSABLE))) focused = undefined;
  });
  const attributeFilter = ['hidden', 'disabled', 'inert', 'class', 'open', 'data-phase', 'data-panel'];
  new MutationObserver(restore).observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter,
  });
}

function restore() {
  if (!focused || isUsable(focused)) return;
  const now = document.activeElement;
  if (now && now !== focused && now !== document.body && isUsable(now)) return;
  focused = undefined;
  const near = around
    .filter((each) => each.isConnected)
    .flatMap((each) => [...each.querySelectorAll(FOCUSABLE)]);
  const next = [...near, byId('error-first'), byId('room-title'), byId('entry-title')].find(isUsable);
  /** @type {HTMLElement | undefined} */ (next)?.focus({ preventScroll: true });
}

/** @param {Element} element */
function ancestorsOf(element) {
  const all = [];
  for (let each = element.parentElement; each && each.id !== 'room'; each = each.parentElement)
    all.push(each);
  return all;
}

/** @param {Element} element */
const isUsable = (element) =>
  element.isConnected &&
  element.checkVisibility({ visibilityProperty: true }) &&
  !element.matches(':disabled') &&
  !element.closest('[inert]');
