// @ts-check
/** Connects the Room with the page: shows its events, and carries out clicks. */
import { Audience } from './audience.js';
import { phraseOfResumed } from './banner.js';
import { Broadcast } from './broadcast.js';
import { Chat } from './chat.js';
import { byId, setText, toast } from './dom.js';
import { GiftCards, phraseOf } from './gift-cards.js';
import { Gifts } from './gifts.js';
import { Likes } from './likes.js';
import { Moderator } from './moderator.js';
import { loseNetwork } from './network.js';
import { Notices } from './notices.js';
import { Panel } from './panel.js';
import { People } from './people.js';
import { isOnline, PhaseView } from './phase-view.js';
import { RelayProcess } from './relay-process.js';
import { Room } from './room.js';
import { SfuNode } from './sfu-node.js';
import { ShareLinks } from './share-links.js';
import { isCut, Stage } from './stage.js';
import { Statistics } from './statistics.js';
import { describeRefusal } from './status.js';

/**
 * @typedef {import('./room.js').Phase} Phase
 * @typedef {import('./visit.js').Visit} Visit
 */

/** How long the visitor's trial of it lasts. */
const NETWORK_LOSS_MS = 5_000;

export class RoomView {
  #root = byId('room');
  #stage = new Stage({
    onQuality: (streamId, layer) => this.#room?.setLayer(streamId, layer),
    onChange: (count) => this.#showEmpty(count),
  });
  #statistics = new Statistics();
  #sfuNode = new SfuNode();
  #process = new RelayProcess();
  #links = new ShareLinks();
  #panel = new Panel({ onOpen: (section) => section === 'chat' && this.#chat.toEnd() });
  #notices = new Notices({ goLive: () => this.#broadcast?.start() });
  #phaseView = new PhaseView({
    isMoving: () => this.#stage.isMoving(),
    retry: () => this.#room?.enter(),
    leave: () => this.#leave(),
  });
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
  /** What this person may do; the relay checks it again. */
  #may = { moderate: false, write: true };
  /** What the others know of it. */
  #toldReadOnly = false;
  /** @type {Visit} */
  #visit = { roomId: '', name: '', live: false };
  /** Goes live as soon as the room is entered. */
  #wantsLive = false;
  #tiles = 0;
  #handlers;

  /**
   * @param {{ onChange: (visit: Visit) => void, onEnd: () => void, onLeave: () => void }} handlers
   *   onChange: goes live, or not any more; onEnd: cannot come back by itself; onLeave: nothing is shown any more
   */
  constructor(handlers) {
    this.#handlers = handlers;
    new Gifts({ give: async (gift) => this.#client.sendGift(gift), onRefused: sayWhy });
    byId('leave').onclick = () => this.#leave();
    byId('empty-live').onclick = () => this.#broadcast?.start();
    byId('lose-network').onclick = () => loseNetwork(NETWORK_LOSS_MS);
  }

  /** @param {Visit & { wasLive?: boolean }} visit live: goes live; wasLive: before the page was reloaded */
  enter({ roomId, name, live, wasLive = false }) {
    this.#visit = { roomId, name, live: false };
    this.#wantsLive = live;
    this.#clear();
    this.#root.hidden = false;
    setText(byId('room-title'), roomId);
    document.title = `${roomId} · Live room`;
    this.#links.show(roomId);
    byId('room-title').focus();
    this.#chat.enter(name);
    this.#notices.reloaded = wasLive;
    this.#sfuNode.enter(roomId);
    const room = new Room({ roomId, name, handlers: this.#roomHandlers() });
    this.#room = room;
    this.#process.enter(() => room.sessionId);
    this.#broadcast = new Broadcast({ room, stage: this.#stage, name, onChange: () => this.#showOwn() });
    return room.enter();
  }

  /** @returns {import('./room.js').Handlers} */
  #roomHandlers() {
    return {
      phase: (phase) => this.#showPhase(phase),
      resumed: (facts) => toast(phraseOfResumed(facts)),
      reset: () => {
        this.#stage.clearRemote();
        this.#others = [];
        this.#counted = 0;
        this.#toldReadOnly = false;
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
        if (!this.#broadcast) return;
        this.#broadcast.cut = cut;
        this.#notices.cut = cut;
      },
      history: (messages) => this.#chat.remember(messages.filter(({ kind }) => kind === 'chat')),
      session: ({ grants, locked }) => {
        this.#may = { moderate: grants.roomAdmin === true, write: grants.canPublishData !== false };
        this.#moderator.locked = locked;
        this.#showActions();
        this.#tellReadOnly();
      },
      // The page already tells of a lost connection.
      error: (problem) => this.#phase.name === 'connected' && sayWhy(problem),
    };
  }

  /** The RelayClient. @throws where there is no session */
  get #client() {
    if (!this.#room) throw new Error('Not in a room.');
    return this.#room.client;
  }

  /** Everything that asks the relay for something, by what it would allow. */
  #showActions() {
    const online = isOnline(this.#phase);
    const moderates = this.#may.moderate && online;
    this.#moderator.active = moderates;
    this.#people.moderates = moderates;
    this.#audience.moderates = moderates;
    this.#chat.moderates = moderates;
    this.#chat.mayWrite = this.#may.write;
    this.#chat.online = online;
    for (const id of ['like', 'gifts', 'show-gifts']) byId(id).inert = !(online && this.#may.write);
    for (const id of ['empty-live', 'live-again', 'audience-form', 'lose-network']) byId(id).inert = !online;
    if (this.#broadcast) this.#broadcast.online = online;
  }

  /** Those who moderate see who cannot write: everybody's page says it of itself. */
  #tellReadOnly() {
    const readOnly = !this.#may.write;
    if (readOnly === this.#toldReadOnly) return;
    this.#toldReadOnly = readOnly;
    this.#client.setMetadata({ readOnly }).catch(sayWhy);
    this.#showPeople();
  }

  /** @param {{ from?: { userId: string }, data: { gift: string, count: number } }} message @param {boolean} own */
  #showGift({ from, data: { gift: giftId, count } }, own) {
    const giver = from?.userId ?? 'The server';
    this.#giftCards.show({ giver, own, giftId, count });
    this.#chat.tell(`${own ? 'You' : giver} gave ${phraseOf(giftId)}`);
  }

  /** @param {Phase} phase */
  #showPhase(phase) {
    this.#phase = phase;
    // Before the focus looks for another place.
    if (phase.name === 'failed') this.#end();
    this.#phaseView.show(phase);
    this.#showActions();
    this.#sfuNode.refresh();
    this.#process.refresh();
    if (phase.name === 'connecting') this.#audience.clear();
    if (phase.name !== 'connected') {
      this.#statistics.pause();
      this.#stage.speakers = [];
    }
    this.#showEmpty(this.#tiles);
    if (phase.name !== 'connected') return;
    this.#handlers.onChange(this.#visit);
    if (this.#wantsLive) this.#broadcast?.start();
    this.#wantsLive = false;
  }

  /** @param {number} tiles */
  #showEmpty(tiles) {
    this.#tiles = tiles;
    const { name } = this.#phase;
    byId('joining').hidden = name !== 'connecting' || tiles > 0;
    byId('empty').hidden = name !== 'connected' || tiles > 0;
  }

  /** This person is live, or not any more. */
  #showOwn() {
    const live = Boolean(this.#broadcast?.live);
    if (live !== this.#visit.live) {
      this.#visit = { ...this.#visit, live };
      this.#handlers.onChange(this.#visit);
      this.#notices.reloaded = false;
    }
    this.#showPeople();
  }

  #showPeople() {
    if (this.#phase.name === 'failed') return;
    const { name, live } = this.#visit;
    const { cut = false } = this.#broadcast ?? {};
    const own = { sessionId: '', name, live, cut: live && cut, own: true, readOnly: !this.#may.write };
    this.#people.show([own, ...this.#others.map(toPerson)], this.#counted);
    this.#audience.count = this.#counted;
    this.#audience.change({ updated: this.#others });
  }

  /** Removed, banned, or the room has ended: camera and microphone stop, and nothing of the room stays on the page. */
  #end() {
    this.#broadcast?.release();
    this.#clear();
    this.#handlers.onEnd();
  }

  #clear() {
    this.#others = [];
    this.#counted = 0;
    this.#may = { moderate: false, write: true };
    this.#stage.clear();
    this.#people.clear();
    this.#chat.clear();
    this.#statistics.clear();
    this.#giftCards.clear();
    this.#likes.clear();
    this.#audience.count = 0;
    this.#moderator.locked = false;
    this.#notices.clear();
    this.#panel.close();
  }

  #leave() {
    this.#broadcast?.end();
    this.#room?.leave();
    this.#room = undefined;
    this.#broadcast = undefined;
    this.#sfuNode.leave();
    this.#process.leave();
    this.#phaseView.clear();
    this.#clear();
    this.#root.hidden = true;
    this.#handlers.onEnd();
    this.#handlers.onLeave();
  }
}

/** @param {import('./room.js').Participant} participant @returns {import('./person-row.js').Person} */
function toPerson({ sessionId, userId, tracks, connection, metadata }) {
  const away = connection === 'interrupted';
  const readOnly = metadata?.readOnly === true;
  return { sessionId, name: userId, live: tracks.length > 0, cut: isCut(tracks), away, readOnly, own: false };
}

/** @param {unknown} error */
const sayWhy = (error) => toast(describeRefusal(error));
