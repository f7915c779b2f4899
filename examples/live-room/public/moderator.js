// @ts-check
/** The moderator's menus, for a person and for the room. The relay checks each action against the grants. */
import { confirm } from './confirm.js';
import { byId, toast } from './dom.js';
import { openMenu } from './menu.js';
import { BANNED, ENDED, KICKED } from './reasons.js';
import { describeRefusal } from './status.js';

/** @typedef {import('./person-row.js').Person} Person */
/** @typedef {(params: Record<string, unknown>) => Promise<void>} Moderate */

export class Moderator {
  #moderate;
  #button = byId('moderate-room');
  #locked = false;

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
  #personItems({ sessionId, name, live, cut, readOnly }) {
    const mute = cut
      ? this.#item('mic', 'Unmute video and audio', { action: 'unmute', userId: name }, `${name} is unmuted.`)
      : this.#item('mic-off', 'Mute video and audio', { action: 'mute', userId: name }, `${name} is muted.`);
    return [
      ...(live ? [mute] : []),
      readOnly
        ? this.#item('chat', 'Unmute in the chat', grantChat(sessionId, true), `${name} can write again.`)
        : this.#item('chat', 'Mute in the chat', grantChat(sessionId, false), `${name} can only read now.`),
      this.#item(
        'leave',
        'Remove',
        { action: 'kick', userId: name, reason: KICKED },
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
    } catch (error) {
      toast(describeRefusal(error));
    }
  }
}

/** @param {string} sessionId @param {boolean} canPublishData */
const grantChat = (sessionId, canPublishData) => ({
  action: 'updateGrants',
  sessionId,
  grants: { canPublishData },
});
