import { LIMITS } from '../protocol/limits.js';
import { namesOf, type Publishers } from '../room/participants/publishers.js';
import type { SdpSection } from './sdp-section.js';

type Names = Map<string, string>;

const NOTHING: ReadonlySet<string> = new Set();

/** The room's ids by the client's ids. */
export interface TrackIds {
  readonly streams: readonly (readonly [string, string])[];
  readonly tracks: readonly (readonly [string, string])[];
}

/**
 * Maps a client's stream and track ids to ids that are unique in the room. The SFU identifies tracks by id alone, and some clients
 * always use the same ids: an id that another participant uses gets a number.
 */
export class TrackNames {
  readonly #publishers: Publishers;
  readonly #sessionId: string;
  /** The room's ids by the client's ids; undefined if they are equal, as for nearly every client. */
  #streams: Names | undefined;
  #tracks: Names | undefined;

  constructor(publishers: Publishers, sessionId: string) {
    this.#publishers = publishers;
    this.#sessionId = sessionId;
  }

  /**
   * The sections of an offer for the SFU, with ids that are unique in the room. No other session gets these ids as long as this
   * session publishes with them.
   * @param taken names of sessions of which this process has not heard yet
   */
  claim(sections: readonly SdpSection[], taken = NOTHING): readonly SdpSection[] {
    if (!sections.some(isSending)) {
      this.#publishers.disclaim(this.#sessionId);
      return sections;
    }
    const named = sections.map((section) => (isSending(section) ? this.#name(section, taken) : section));
    this.#publishers.claim(this.#sessionId, named.filter(isSending));
    return named;
  }

  /**
   * As `claim`, for all processes that share the room: the first session in the order of the room's log gets an id.
   * @param check throws when the offer is not sent any more
   */
  async claimEverywhere(sections: readonly SdpSection[], check: () => void): Promise<void> {
    const { elsewhere } = this.#publishers;
    const taken = new Set<string>();
    while (elsewhere) {
      check();
      const names = namesOf(this.claim(sections, taken).filter(isSending));
      const others = await elsewhere.claim(this.#sessionId, names);
      if (others.length === 0) return;
      for (const name of others) taken.add(name);
    }
  }

  /** For another process. */
  get ids(): TrackIds {
    return { streams: [...(this.#streams ?? [])], tracks: [...(this.#tracks ?? [])] };
  }

  set ids({ streams, tracks }: TrackIds) {
    this.#streams = new Map(streams);
    this.#tracks = new Map(tracks);
  }

  /** The room's id of a client's track. */
  ofRoom(trackId: string): string {
    return this.#tracks?.get(trackId) ?? trackId;
  }

  /** The client's id of its track. */
  ofClient(trackId: string): string {
    for (const [own, name] of this.#tracks ?? []) if (name === trackId) return own;
    return trackId;
  }

  /** A section without ids gets generated ones: the SFU could not distinguish two of them. */
  #name(section: SdpSection, taken: ReadonlySet<string>): SdpSection {
    const { streamId = '-', trackId = `track-${section.mid}` } = section;
    const stream = this.#free('stream', this.#streams, streamId, taken);
    const track = this.#free('track', this.#tracks, trackId, taken);
    if (stream !== streamId) this.#streams = remember(this.#streams, streamId, stream);
    if (track !== trackId) this.#tracks = remember(this.#tracks, trackId, track);
    if (stream === section.streamId && track === section.trackId) return section;
    return { ...section, streamId: stream, trackId: track };
  }

  #free(what: 'stream' | 'track', names: Names | undefined, id: string, taken: ReadonlySet<string>): string {
    const known = names?.get(id);
    const isFree = (name: string) =>
      !taken.has(`${what} ${name}`) && !this.#publishers.hasAnother(what, name, this.#sessionId);
    if (known !== undefined && isFree(known)) return known;
    for (let n = 1; ; n += 1) {
      const name = n === 1 ? id : `${id.slice(0, 100)}~${n}`;
      if (isFree(name) && !isNameOfOther(names, name, id)) return name;
    }
  }
}

function isSending({ kind, sends }: SdpSection): boolean {
  return sends && kind !== 'application';
}

function remember(names: Names | undefined, id: string, name: string): Names {
  const known = names ?? new Map<string, string>();
  // In order of use, the newest last.
  known.delete(id);
  const [oldest = ''] = known.keys();
  if (known.size >= LIMITS.maxMids) known.delete(oldest);
  return known.set(id, name);
}

function isNameOfOther(names: Names | undefined, name: string, id: string): boolean {
  for (const [other, given] of names ?? []) if (given === name && other !== id) return true;
  return false;
}
