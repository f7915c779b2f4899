// @ts-check
/** The room on the page: what the Room tells is shown, what the person clicks is done. */
import { Broadcast } from './broadcast.js';
import { byId, setText, toast } from './dom.js';
import { People } from './people.js';
import { Room } from './room.js';
import { Stage } from './stage.js';
import { Statistics } from './statistics.js';
import { describePhase, describeProblem } from './status.js';

/** @typedef {import('./room.js').Phase} Phase */

export class RoomView {
  #root = byId('room');
  #stage = new Stage({
    onQuality: (streamId, layer) => this.#room?.setLayer(streamId, layer),
    onChange: (count) => this.#showEmpty(count),
  });
  #statistics = new Statistics();
  #people = new People();
  /** @type {Room | undefined} */
  #room;
  /** @type {Broadcast | undefined} */
  #broadcast;
  /** @type {import('./room.js').Participant[]} */
  #others = [];
  /** @type {Phase} */
  #phase = { name: 'connecting', entered: false };
  #name = '';
  #tiles = 0;
  #onLeave;

  /** @param {{ onLeave: () => void }} handlers */
  constructor({ onLeave }) {
    this.#onLeave = onLeave;
    byId('leave').onclick = () => this.#leave();
    byId('give-up').onclick = () => this.#leave();
    byId('retry').onclick = () => this.#room?.enter();
    byId('empty-live').onclick = () => byId('live').click();
    byId('copy-link').onclick = () => this.#copyLink();
    byId('show-people').onclick = () => this.#togglePanel('people');
    byId('show-stats').onclick = () => this.#togglePanel('stats');
    byId('panel-close').onclick = () => this.#togglePanel('');
    addEventListener('keydown', ({ key }) => key === 'Escape' && this.#togglePanel(''));
  }

  /** @param {{ roomId: string, name: string, live: boolean }} visit */
  async enter({ roomId, name, live }) {
    this.#name = name;
    this.#others = [];
    this.#root.hidden = false;
    setText(byId('room-title'), roomId);
    document.title = `${roomId} · Live room`;
    for (const id of ['open-tab', 'empty-tab']) byId(id).href = linkTo(roomId, true);
    byId('room-title').focus();
    const room = new Room({ roomId, name, handlers: this.#handlers() });
    this.#room = room;
    this.#broadcast = new Broadcast({ room, stage: this.#stage, name, onChange: () => this.#showPeople() });
    await room.enter();
    if (live && this.#room === room) await this.#broadcast?.start();
  }

  /** @returns {import('./room.js').Handlers} */
  #handlers() {
    return {
      phase: (phase) => this.#showPhase(phase),
      reset: () => {
        this.#stage.clearRemote();
        this.#others = [];
      },
      participants: (participants) => {
        this.#others = participants;
        this.#stage.announce(participants);
        this.#showPeople();
      },
      track: (remote) => this.#stage.addRemote(remote),
      trackEnded: (remote) => this.#stage.removeRemote(remote),
      speakers: (streamIds) => {
        this.#stage.speakers = streamIds;
      },
      stats: (stats) => this.#statistics.show(stats),
      error: (problem) => toast(describeProblem(problem, { entered: true }).title),
    };
  }

  /** @param {Phase} phase */
  #showPhase(phase) {
    this.#phase = phase;
    const state = byId('state');
    state.dataset.state = phase.name;
    setText(state.querySelector('.words'), describePhase(phase));
    this.#root.dataset.phase = phase.name;
    const troubled = phase.name === 'waiting' || phase.name === 'failed';
    byId('error').hidden = !troubled;
    if (troubled) this.#showTrouble(phase);
    if (phase.name !== 'connected') {
      this.#statistics.pause();
      this.#stage.speakers = [];
    }
    this.#showEmpty(this.#tiles);
  }

  /** @param {Extract<Phase, { name: 'waiting' | 'failed' }>} phase */
  #showTrouble(phase) {
    const error = byId('error');
    const { title, text } = describeProblem(phase.problem, { entered: phase.entered });
    setText(error.querySelector('h2'), title);
    setText(error.querySelector('.text'), text);
    const countdown = error.querySelector('.countdown');
    countdown.hidden = phase.name !== 'waiting';
    if (phase.name === 'waiting') setText(countdown, `Trying again in ${phase.seconds} s`);
    setText(byId('retry'), phase.name === 'waiting' ? 'Try now' : 'Try again');
  }

  /** @param {number} tiles */
  #showEmpty(tiles) {
    this.#tiles = tiles;
    const { name } = this.#phase;
    byId('joining').hidden = name !== 'connecting' || tiles > 0;
    byId('empty').hidden = name !== 'connected' || tiles > 0;
  }

  #showPeople() {
    const own = { sessionId: '', name: this.#name, live: Boolean(this.#broadcast?.live), own: true };
    const others = this.#others.map(({ sessionId, userId, tracks }) => {
      return { sessionId, name: userId, live: tracks.length > 0, own: false };
    });
    this.#people.show([own, ...others]);
  }

  /** @param {'people' | 'stats' | ''} panel shown as a sheet where the page is too narrow for all */
  #togglePanel(panel) {
    const next = this.#root.dataset.panel === panel ? '' : panel;
    this.#root.dataset.panel = next;
    setText(byId('panel-title'), next === 'stats' ? 'Connection' : 'People');
    for (const name of ['people', 'stats'])
      byId(`show-${name}`).setAttribute('aria-expanded', String(next === name));
    if (next) byId('panel-close').focus();
  }

  async #copyLink() {
    const link = linkTo(byId('room-title').textContent, false);
    try {
      await navigator.clipboard.writeText(link);
      toast('Link copied. Whoever opens it is in this room.');
    } catch {
      toast(link, 15_000);
    }
  }

  #leave() {
    this.#broadcast?.end();
    this.#room?.leave();
    this.#room = undefined;
    this.#broadcast = undefined;
    this.#stage.clearRemote();
    this.#statistics.clear();
    this.#togglePanel('');
    this.#root.hidden = true;
    this.#onLeave();
  }
}

/** @param {string} roomId @param {boolean} watch enters at once */
function linkTo(roomId, watch) {
  const url = new URL('/', location.href);
  url.searchParams.set('room', roomId);
  if (watch) url.searchParams.set('auto', 'watch');
  return url.href;
}
