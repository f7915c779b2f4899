interface Person {
  sessionId: string;
  tracks: { trackId: string }[];
  connection?: string;
}

interface Change {
  revision: number;
  joined?: Person[];
  updated?: Person[];
  listed?: Person[];
  left?: string[];
  unlisted?: string[];
}

interface TracksChange {
  revision: number;
  state: 'added' | 'updated' | 'removed';
  sessionId: string;
  tracks: { trackId: string }[];
}

/** A room's participants as a client keeps them (docs/PROTOCOL.md, "Keeping the list"). */
export class RoomView {
  readonly #own: string;
  #people = new Map<string, Person>();
  #revision = 0;

  /** @param own the client's session */
  constructor(own: string) {
    this.#own = own;
  }

  /** By session, without what depends on the time of a loss. */
  get people(): Person[] {
    const sorted = [...this.#people.values()].sort((one, other) =>
      one.sessionId < other.sessionId ? -1 : 1,
    );
    return sorted.map(({ connection: _, ...person }) => person);
  }

  /** The result of a join, or a snapshot. */
  reset(state: Record<string, unknown>): void {
    this.#revision = state.revision as number;
    this.#people = new Map();
    this.#put(state.participants as Person[]);
  }

  apply(method: string, params: Record<string, unknown>): void {
    if (method === 'participants') this.#change(params as unknown as Change);
    if (method === 'tracks') this.#changeTracks(params as unknown as TracksChange);
  }

  #change({ revision, joined = [], updated = [], listed = [], left = [], unlisted = [] }: Change): void {
    if (revision < this.#revision) return;
    this.#revision = revision;
    for (const id of [...left, ...unlisted]) this.#people.delete(id);
    this.#put([...joined, ...updated, ...listed]);
  }

  #changeTracks({ revision, state, sessionId, tracks }: TracksChange): void {
    const person = this.#people.get(sessionId);
    if (revision <= this.#revision) return;
    this.#revision = revision;
    if (!person) return;
    const changed = new Set(tracks.map(({ trackId }) => trackId));
    const kept = person.tracks.filter(({ trackId }) => !changed.has(trackId));
    this.#people.set(sessionId, { ...person, tracks: state === 'removed' ? kept : [...kept, ...tracks] });
  }

  #put(people: Person[]): void {
    for (const person of people)
      if (person.sessionId !== this.#own) this.#people.set(person.sessionId, person);
  }
}
