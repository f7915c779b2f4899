// @ts-check
/** The moderator's menus, for a person and for the room. The relay checks each action against the grants. */
import { confirm } from './confirm.js';
import { byId, toast } from './dom.js';
import { openMenu } from './menu.js';
import { describeRefusal } from './status.js';

const LEAVE = 'A moderator has removed you. You may join again.';
const BANNED = 'A moderator has banned you from this room.';
const ENDED = 'A moderator has ended the room. Thank you for coming.';

/** @typedef {import('./person-row.js').Person} Person */
/** @typedef {(params: Record<string, unknown>) => Promise<void>} Moderate */

export class Moderator {
  #moderate;
  #button = byId('moderate-room');
  #locked = false;
  /** @type {Set<string>} sessions that may only read, by this page's doing */
  #silenced = new Set();

  /** @param {{ moderate: Moderate }} options asks the relay */
  constructor({ moderate }) {
    this.#moderate = moderate;
    this.#button.onclick = () => openMenu(this.#button, 'The room', this.#roomItems());
  }

  /** @param {boolean} moderates whether this person is one */
  set active(moderates) {
    this.#button.hidden = !moderates;
  }

  /** @param {boolean} locked */
  set locked(locked) {
    this.#locked = locked;
    byId('locked').hidden = !locked;
  }

  /** @param {Person} person @param {HTMLElement} button */
  openFor(person, button) {
    openMenu(button, person.name, this.#personItems(person));
  }

  /** @param {string} messageId */
  deleteMessage(messageId) {
    return this.#do({ action: 'deleteMessage', messageId }, '');
  }

  /** @param {Person} person */
  #personItems({ sessionId, name, live, cut }) {
    const silenced = this.#silenced.has(sessionId);
    const mute = cut
      ? this.#item('mic', 'Unmute video and audio', { action: 'unmute', userId: name }, `${name} is unmuted.`)
      : this.#item('mic-off', 'Mute video and audio', { action: 'mute', userId: name }, `${name} is muted.`);
    return [
      ...(live ? [mute] : []),
      {
        icon: 'chat',
        label: silenced ? 'Unmute in the chat' : 'Mute in the chat',
        run: () => this.#silence(sessionId, name, !silenced),
      },
      this.#item(
        'leave',
        'Remove',
        { action: 'kick', userId: name, reason: LEAVE },
        `${name} was removed and may join again.`,
      ),
      { icon: 'ban', label: 'Ban', danger: true, run: () => this.#ban(name) },
    ];
  }

  #roomItems() {
    return [
      this.#locked
        ? this.#item('unlock', 'Unlock the room', { action: 'unlock' }, 'The room is unlocked.')
        : this.#item(
            'lock',
            'Lock the room',
            { action: 'lock' },
            'The room is locked: new users cannot join.',
          ),
      { icon: 'stop', label: 'End for everyone', danger: true, run: () => this.#end() },
    ];
  }

  /** @param {string} icon @param {string} label @param {Record<string, unknown>} params @param {string} done */
  #item(icon, label, params, done) {
    return { icon, label, run: () => void this.#do(params, done) };
  }

  /** @param {string} sessionId @param {string} name @param {boolean} silenced */
  async #silence(sessionId, name, silenced) {
    const grants = { canPublishData: !silenced };
    const done = silenced ? `${name} can only read now.` : `${name} can write again.`;
    if (!(await this.#do({ action: 'updateGrants', sessionId, grants }, done))) return;
    if (silenced) this.#silenced.add(sessionId);
    else this.#silenced.delete(sessionId);
  }

  /** @param {string} name */
  async #ban(name) {
    const text = 'The user is disconnected and cannot join again until this server restarts.';
    if (await confirm({ title: `Ban ${name}?`, text, yes: 'Ban' }))
      await this.#do({ action: 'ban', userId: name, reason: BANNED }, `${name} is banned.`);
  }

  async #end() {
    const text = 'Everyone, including you, will be disconnected.';
    if (await confirm({ title: 'End the room?', text, yes: 'End for everyone' }))
      await this.#do({ action: 'end', reason: ENDED }, '');
  }

  /** @param {Record<string, unknown>} params @param {string} done said when the relay has done it */
  async #do(params, done) {
    try {
      await this.#moderate(params);
      if (done) toast(done);
      return true;
    } catch (error) {
      toast(describeRefusal(error));
      return false;
    }
  }
}
