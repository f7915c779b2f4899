// @ts-check
/** A menu at a button, with arrow keys; Escape or a click elsewhere closes it. */
import { byId, fromTemplate, setIcon, setText } from './dom.js';

const GAP = 6;

/** @typedef {{ icon: string, label: string, danger?: boolean, run: () => void }} MenuItem */

/**
 * @param {HTMLElement} button
 * @param {string} label the accessible name
 * @param {MenuItem[]} items
 */
export function openMenu(button, label, items) {
  const menu = byId('menu');
  menu.setAttribute('aria-label', label);
  menu.replaceChildren(
    ...items.map(({ icon, label, danger, run }) => {
      const item = fromTemplate('menu-item-template');
      setIcon(item, icon);
      setText(item.querySelector('span'), label);
      item.classList.toggle('danger', Boolean(danger));
      item.onclick = () => {
        menu.hidePopover();
        button.focus();
        run();
      };
      return item;
    }),
  );
  menu.onkeydown = (/** @type {KeyboardEvent} */ event) => moveFocus(event, menu);
  const arrange = () => place(menu, button.getBoundingClientRect());
  menu.ontoggle = (/** @type {ToggleEvent} */ { newState }) => {
    const isOpen = newState === 'open';
    button.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) addEventListener('resize', arrange);
    else removeEventListener('resize', arrange);
  };
  menu.showPopover();
  arrange();
  menu.firstElementChild.focus();
}

/** @param {HTMLElement} menu @param {DOMRect} at below it and to its left, unless there is no room */
function place(menu, at) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + GAP + height <= innerHeight;
  menu.style.left = `${Math.max(GAP, Math.min(at.right - width, innerWidth - width - GAP))}px`;
  const top = below ? at.bottom + GAP : at.top - GAP - height;
  menu.style.top = `${Math.max(GAP, Math.min(top, innerHeight - height - GAP))}px`;
}

/** @param {KeyboardEvent} event @param {HTMLElement} menu */
function moveFocus(event, menu) {
  const items = /** @type {HTMLElement[]} */ ([...menu.children]);
  const now = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const last = items.length - 1;
  const next = { ArrowDown: now < last ? now + 1 : 0, ArrowUp: now > 0 ? now - 1 : last, Home: 0, End: last }[
    event.key
  ];
  if (event.key === 'Tab') /** @type {any} */ (menu).hidePopover();
  if (next === undefined) return;
  event.preventDefault();
  items[next].focus();
}
