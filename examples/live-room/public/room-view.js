// @ts-check
/** Connects the Room with the page: shows its events, and carries out clicks. */
import { Audience } from './audience.js';
import { Broadcast } from './broadcast.js';
import { Chat } from './chat.js';
import { ConnectionBanner } from './connection-banner.js';
import { announce, byId, hideToast, setText, toast } from './dom.js';
import { GiftCards, phraseOf } from './gift-cards.js';
import { Gifts } from './gifts.js';
import { Likes } from './likes.js';
import { Moderator } from './moderator.js';
import { loseNetwork } from './network.js';
import { People } from './people.js';
import { RelayProcess } from './relay-process.js';
import { Room } from './room.js';
import { SfuNode } from './sfu-node.js';
import { isCut, Stage } from './stage.js';
import { Statistics } from './statistics.js';
import { describePhase, describeProblem, describeRefusal } from './status.js';

/** @typedef {import('./room.js').Phase} Phase */

/** How long the visitor's trial of it lasts. */
const NETWORK_LOSS_MS = 5_000;

/** The section that the panel shows on a narrow page. */
const PANELS = { people: 'People', chat: 'Chat', stats: 'Connection', '': '' };

export class RoomView {
  #root = byId('room');
  #stage = new Stage({
    onQuality: (streamId, layer) => this.#room?.setLayer(streamId, layer),
    onChange: (count) => this.#showEmpty(count),
  });
  #statistics = new Statistics();
  #sfuNode = new SfuNode();
  #process = new RelayProcess();
  #connection = new ConnectionBanner();
  #people = new People({ onMenu: (person, button) => this.#moderator.openFor(person, button) });
  #audience = new Audience({
    find: async (query) => this.#client.findParticipants(query),
    toPerson,
    onMenu: (person, button) => this.#moderator.openFor(person, button),
  });
  #moderator = new Moderator({ moderate: async (params) => this.#client.moderate(params) });
  #chat = new Chat({
    send: async (text) => this.#client.chat(text),
    remove: (id) => this.#moderator.deleteMessage(id),
  });
  #giftCards = new GiftCards();
  #likes = new Likes({ like: () => this.#client.like(), onRefused: sayWhy });
  /** @type {Room | undefined} */
  #room;
  /** @type {Broadcast | undefined} */
  #broadcast;
  /** @type {import('./room.js').Participant[]} */
  #others = [];
  /** How many people are in the room beside them. */
  #counted = 0;
  /** @type {Phase} */
  #phase = { name: 'connecting', entered: false };
  #name = '';
  #tiles = 0;
  #onLeave;

  /** @param {{ onLeave: () => void }} handlers */
  constructor({ onLeave }) {
    this.#onLeave = onLeave;
    new Gifts({ give: async (gift) => this.#client.sendGift(gift), onRefused: sayWhy });
    byId('leave').onclick = () => this.#leave();
    byId('give-up').onclick = () => this.#leave();
    byId('retry').onclick = () => this.#room?.enter();
    byId('empty-live').onclick = () => byId('live').click();
    byId('copy-link').onclick = () => this.#copyLink();
    byId('show-people').onclick = () => this.#togglePanel('people');
    byId('show-stats').onclick = () => this.#togglePanel('stats');
    byId('show-chat').onclick = () => this.#togglePanel('chat');
    byId('stats-more').onclick = () => this.#toggleCharts();
    byId('lose-network').onclick = () => loseNetwork(NETWORK_LOSS_MS);
    byId('panel-close').onclick = () => this.#togglePanel('');
    addEventListener('keydown', ({ key }) => key === 'Escape' && this.#togglePanel(''));
  }

  /** @param {{ roomId: string, name: string, live: boolean }} visit */
  async enter({ roomId, name, live }) {
    this.#name = name;
    this.#others = [];
    this.#counted = 0;
    this.#root.hidden = false;
    setText(byId('room-title'), roomId);
    document.title = `${roomId} · Live room`;
    for (const id of ['open-tab', 'empty-tab']) byId(id).href = linkTo(roomId, true);
    byId('room-title').focus();
    this.#chat.enter(name);
    this.#sfuNode.enter(roomId);
    const room = new Room({ roomId, name, handlers: this.#handlers() });
    this.#room = room;
    this.#process.enter(() => room.sessionId);
    this.#broadcast = new Broadcast({ room, stage: this.#stage, name, onChange: () => this.#showPeople() });
    await room.enter();
    if (live && this.#room === room) await this.#broadcast?.start();
  }

  /** @returns {import('./room.js').Handlers} */
  #handlers() {
    return {
      phase: (phase) => this.#showPhase(phase),
      connection: (change) => this.#connection.show(change),
      reset: () => {
        this.#stage.clearRemote();
        this.#others = [];
        this.#counted = 0;
      },
      participants: (participants, audience) => {
        this.#others = participants;
        this.#counted = audience;
        this.#stage.announce(participants);
        this.#showPeople();
      },
      participant: (change) => {
        this.#people.tell(change);
        const { state, participant } = change;
        if (state === 'left') this.#audience.change({ left: [participant.sessionId] });
      },
      page: (changes) => this.#audience.change(changes),
      track: (remote) => this.#stage.addRemote(remote),
      trackEnded: (remote) => this.#stage.removeRemote(remote),
      speakers: (streamIds) => {
        this.#stage.speakers = streamIds;
      },
      stats: (stats) => this.#statistics.show(stats),
      chat: (message, facts) => this.#chat.add(message, facts),
      gift: (message, { own }) => this.#showGift(message, own),
      like: ({ data }) => this.#likes.show(data),
      messageDeleted: ({ deleted }) => this.#chat.delete(deleted),
      cut: (cut) => {
        if (this.#broadcast) this.#broadcast.cut = cut;
      },
      history: (messages) => this.#chat.remember(messages.filter(({ kind }) => kind === 'chat')),
      session: (session) => this.#showSession(session),
      // The panel already reports errors caused by a lost connection.
      error: (problem) => this.#phase.name === 'connected' && sayWhy(problem),
    };
  }

  /** The RelayClient. @throws where there is no session */
  get #client() {
    if (!this.#room) throw new Error('Not in a room.');
    return this.#room.client;
  }

  /** @param {{ grants: { roomAdmin?: boolean, canPublishData?: boolean }, locked: boolean }} session */
  #showSession({ grants, locked }) {
    const moderates = grants.roomAdmin === true;
    this.#moderator.active = moderates;
    this.#moderator.locked = locked;
    this.#people.moderates = moderates;
    this.#audience.moderates = moderates;
    this.#chat.moderates = moderates;
    const mayWrite = grants.canPublishData !== false;
    this.#chat.mayWrite = mayWrite;
    for (const id of ['like', 'gifts', 'show-gifts']) byId(id).inert = !mayWrite;
  }

  /** @param {{ from?: { userId: string }, data: { gift: string, count: number } }} message @param {boolean} own */
  #showGift({ from, data: { gift: giftId, count } }, own) {
    const giver = from?.userId ?? 'The server';
    this.#giftCards.show({ giver, own, giftId, count });
    this.#chat.tell(`${own ? 'You' : giver} gave ${phraseOf(giftId)}`);
    if (!own) announce(`${giver} gave ${phraseOf(giftId)}.`);
  }

  /** @param {Phase} phase */
  #showPhase(phase) {
    this.#phase = phase;
    const state = byId('state');
    state.dataset.state = phase.name;
    setText(state.querySelector('.words'), describePhase(phase));
    this.#root.dataset.phase = phase.name;
    byId('interrupted').hidden = !(phase.name === 'restoring' && phase.nodeFailed);
    this.#sfuNode.refresh();
    this.#process.refresh();
    // After a removal, a ban or the end of the room, stop camera and microphone.
    if (phase.name === 'failed') this.#broadcast?.release();
    if (phase.name === 'connecting') this.#audience.clear();
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
    hideToast();
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
    const own = {
      sessionId: '',
      name: this.#name,
      live: Boolean(this.#broadcast?.live),
      cut: false,
      own: true,
    };
    this.#people.show([own, ...this.#others.map(toPerson)], this.#counted);
    this.#audience.count = this.#counted;
    this.#audience.change({ updated: this.#others });
  }

  /** @param {keyof typeof PANELS} panel */
  #togglePanel(panel) {
    const next = this.#root.dataset.panel === panel ? '' : panel;
    this.#root.dataset.panel = next;
    setText(byId('panel-title'), PANELS[next]);
    for (const name of ['people', 'chat', 'stats'])
      byId(`show-${name}`).setAttribute('aria-expanded', String(next === name));
    if (next) byId('panel-close').focus();
    if (next === 'chat') this.#chat.toEnd();
  }

  #toggleCharts() {
    const open = byId('stats').classList.toggle('open');
    byId('stats-more').setAttribute('aria-expanded', String(open));
  }

  async #copyLink() {
    const link = linkTo(byId('room-title').textContent, false);
    try {
      await navigator.clipboard.writeText(link);
      toast('Link copied. It opens this room.');
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
    this.#sfuNode.leave();
    this.#process.leave();
    this.#connection.hide();
    this.#statistics.clear();
    this.#giftCards.clear();
    this.#likes.clear();
    this.#audience.count = 0;
    this.#moderator.locked = false;
    this.#togglePanel('');
    this.#root.hidden = true;
    this.#onLeave();
  }
}

/** @param {import('./room.js').Participant} participant @returns {import('./person-row.js').Person} */
function toPerson({ sessionId, userId, tracks, connection }) {
  const away = connection === 'interrupted';
  return { sessionId, name: userId, live: tracks.length > 0, cut: isCut(tracks), away, own: false };
}

/** @param {unknown} error */
const sayWhy = (error) => toast(describeRefusal(error));

/** @param {string} roomId @param {boolean} watch enters at once */
function linkTo(roomId, watch) {
  const url = new URL('/', location.href);
  url.searchParams.set('room', roomId);
  if (watch) url.searchParams.set('auto', 'watch');
  return url.href;
}
