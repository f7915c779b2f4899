// @ts-check
/** The videos of a room, with their order and size. */
import { byId } from './dom.js';
import { duet, gallery, spotlight } from './layout.js';
import { Tile } from './tile.js';

/**
 * @typedef {import('./room.js').Participant} Participant
 * @typedef {{ streamId: string, name: string, screen: boolean, cut: boolean, layers: string[] }} Announced
 */

export class Stage {
  /** @type {Map<string, Tile>} own tiles first, then in the order in which they came */
  #tiles = new Map();
  /** @type {Set<string>} streams that the room has announced */
  #announced = new Set();
  #root = byId('tiles');
  #hear = byId('hear');
  #onQuality;
  #onChange;

  /**
   * @param {{ onQuality: (streamId: string, layer: string) => void, onChange: (count: number) => void }} handlers
   */
  constructor({ onQuality, onChange }) {
    this.#onQuality = onQuality;
    this.#onChange = onChange;
    new ResizeObserver(() => this.#arrange()).observe(this.#root.parentElement);
    this.#hear.addEventListener('click', () => {
      this.#hear.hidden = true;
      for (const tile of this.#tiles.values()) tile.hear();
    });
  }

  /**
   * The others' streams, as the room knows them: a tile appears before its picture does.
   * @param {Iterable<Participant>} participants
   */
  announce(participants) {
    const streams = [...participants].flatMap(streamsOf);
    this.#announced = new Set(streams.map(({ streamId }) => streamId));
    for (const stream of streams) {
      const tile = this.#tiles.get(stream.streamId) ?? this.#add(stream);
      tile.identify(stream.name, stream.screen);
      tile.layers = stream.layers;
      tile.cut = stream.cut;
    }
    this.#dropUnused();
  }

  /** @param {{ track: MediaStreamTrack, stream: MediaStream, streamId: string, userId: string | undefined }} remote */
  addRemote({ track, stream, streamId, userId }) {
    const tile = this.#tiles.get(streamId) ?? this.#add({ streamId, name: userId ?? 'Guest', screen: false });
    tile.addTrack(track, stream);
    this.#arrange();
  }

  /** @param {{ track: MediaStreamTrack, streamId: string }} remote */
  removeRemote({ track, streamId }) {
    this.#tiles.get(streamId)?.removeTrack(track);
    this.#dropUnused();
  }

  /**
   * The own picture, or the own screen.
   * @param {MediaStream} stream
   * @param {{ name: string, screen: boolean }} options
   */
  showOwn(stream, { name, screen }) {
    const tile = this.#tiles.get(stream.id) ?? this.#add({ streamId: stream.id, name, screen, own: true });
    for (const track of stream.getVideoTracks()) tile.addTrack(track);
    return tile;
  }

  /** @param {string} streamId */
  remove(streamId) {
    this.#tiles.get(streamId)?.remove();
    this.#tiles.delete(streamId);
    this.#arrange();
  }

  /** Without the others, before joining anew. */
  clearRemote() {
    this.announce([]);
    this.#hear.hidden = true;
    for (const [streamId, tile] of this.#tiles) if (!tile.own) this.remove(streamId);
  }

  /** Without anything: the visit has ended. */
  clear() {
    for (const streamId of [...this.#tiles.keys()]) this.remove(streamId);
    this.#announced.clear();
    this.#hear.hidden = true;
  }

  #frames = 0;

  /** Whether the others' videos have moved since this was asked the last time; undefined without videos. */
  isMoving() {
    const counts = [...this.#tiles.values()].flatMap(({ frames }) => frames ?? []);
    const frames = counts.reduce((sum, count) => sum + count, 0);
    const moved = frames > this.#frames;
    this.#frames = frames;
    return counts.length > 0 ? moved : undefined;
  }

  /** @param {string[]} streamIds who is heard */
  set speakers(streamIds) {
    for (const [streamId, tile] of this.#tiles) tile.speaking = streamIds.includes(streamId);
  }

  /** @param {{ streamId: string, name: string, screen: boolean, own?: boolean }} stream */
  #add(stream) {
    const tile = new Tile({
      ...stream,
      onBlocked: () => {
        this.#hear.hidden = false;
      },
      onResize: () => this.#arrange(),
      onQuality: (layer) => this.#onQuality(stream.streamId, layer),
    });
    this.#tiles.set(stream.streamId, tile);
    this.#root.append(tile.element);
    this.#arrange();
    return tile;
  }

  #dropUnused() {
    for (const [streamId, tile] of this.#tiles) {
      if (!tile.own && tile.empty && !this.#announced.has(streamId)) this.remove(streamId);
    }
  }

  #arrange() {
    const tiles = [...this.#tiles.values()];
    const box = contentBox(this.#root.parentElement);
    const phone = box.width < 620;
    const gap = phone ? 8 : 12;
    const narrowest = phone ? 4 / 5 : 4 / 3;
    const screen = tiles.findLastIndex((tile) => tile.screen && !tile.own);
    const self = tiles.findIndex((tile) => tile.own);
    const isDuet = screen < 0 && tiles.length === 2 && self >= 0 && !tiles[1 - self].own;
    const { rects, height } =
      screen >= 0
        ? spotlight(tiles.length, screen, box, { gap, aspect: tiles[screen].aspect })
        : isDuet
          ? duet(self, box, { gap, narrowest })
          : gallery(tiles.length, box, { gap, narrowest, minWidth: 150 });
    for (const [index, tile] of tiles.entries()) tile.place(rects[index], isDuet && index === self);
    this.#root.style.height = `${height}px`;
    this.#onChange(tiles.length);
  }
}

/**
 * A participant's streams. The wire doesn't say which one is a screen; this page sends screens without sound.
 * @param {Participant} participant
 * @returns {Announced[]}
 */
function streamsOf({ userId, tracks }) {
  const ids = [...new Set(tracks.map((track) => track.streamId))];
  return ids.map((streamId) => {
    const own = tracks.filter((track) => track.streamId === streamId);
    const video = own.find((track) => track.kind === 'video');
    const screen = own.every((track) => track.kind === 'video');
    return { streamId, name: userId, screen, cut: isCut(own), layers: video?.layers ?? [] };
  });
}

/**
 * Whether a moderator has muted them. This page does not announce its own pauses: it sends silence and a card.
 * @param {Participant['tracks']} tracks
 */
export const isCut = (tracks) => tracks.length > 0 && tracks.every(({ muted }) => muted);

/** @param {HTMLElement} element */
function contentBox(element) {
  const style = getComputedStyle(element);
  return {
    width: element.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight),
    height:
      element.clientHeight - Number.parseFloat(style.paddingTop) - Number.parseFloat(style.paddingBottom),
  };
}
