import { stripVTControlCharacters } from 'node:util';

/** Somebody who has joined a room of an Ion. */
interface Arrival {
  /** Ion's id of the room (sid). */
  readonly room: string;
  readonly uid: string;
  /** Whether nobody was in the room. */
  readonly isFirst: boolean;
}

/** A word as zerolog writes it: in quotes where it has to. */
const WORD = '("(?:[^"\\\\]|\\\\.)*"|\\S+)';
const PEER = new RegExp(`peer_id=${WORD}`);
const ROOM = new RegExp(`session_id=${WORD}`);

/** What an Ion says of its rooms: only its log does. */
export class IonLog {
  /** The rooms of the peers, by their uids, ghosts included: a peer whose stream Ion has ended with an error never leaves. */
  readonly #rooms = new Map<string, string>();
  /** All who have ever joined, in the order in which they came. */
  readonly arrivals: Arrival[] = [];

  readonly read = (line: string): void => {
    const [, event] = /(PeerLocal join|RemovePeer from) SessionLocal /.exec(line) ?? [];
    if (!event) return;
    const text = stripVTControlCharacters(line);
    const [uid, room] = [PEER, ROOM].map((pattern) => unquoted(pattern.exec(text)?.[1] ?? ''));
    if (!uid || room === undefined) return;
    if (event === 'RemovePeer from') this.#rooms.delete(uid);
    else {
      this.arrivals.push({ room, uid, isFirst: ![...this.#rooms.values()].includes(room) });
      this.#rooms.set(uid, room);
    }
  };

  /** The uids of the peers in its rooms, ghosts included. */
  get peers(): string[] {
    return [...this.#rooms.keys()];
  }
}

function unquoted(word: string): string {
  return word.startsWith('"') ? JSON.parse(word) : word;
}
