import { redisKey } from '../../../util/redis-key.js';

/** The keys of a room. A script has one hash tag, so that all of its keys are on one node of a Redis Cluster. */
export interface RoomKeys {
  /** The room's fields, and who has it open: a hash. */
  readonly state: string;
  /** The newest changes: a stream. */
  readonly log: string;
  /** The newest messages: a stream. */
  readonly messages: string;
  /** Why rooms of this id have ended, for processes that come late: a hash. */
  readonly ends: string;
  /** Where both are published. */
  readonly channel: string;
}

/** The keys of a process. */
export interface ProcessKeys {
  /** Its fence and its card, as long as it lives. */
  readonly lease: string;
  /** The highest fence, and the one that was buried: a hash. */
  readonly fence: string;
  /** The rooms that it has open: a set. */
  readonly rooms: string;
  /** The scopes in which it has reserved something: a set. */
  readonly scopes: string;
  /** Where texts to it are published. */
  readonly channel: string;
}

/** The names of everything in Redis. Ids are encoded: none contains a separator. */
export class RedisKeys {
  /** The ids of all processes: a set. */
  readonly directory: string;
  /** Where processes publish their cards. */
  readonly cards: string;
  readonly #prefix: string;
  readonly #keySpace: string;

  /** @param keySpace of the client: channels need it, as the keys of other clients of the server are other keys */
  constructor(prefix: string, keySpace: string) {
    this.#prefix = prefix;
    this.#keySpace = keySpace;
    this.directory = `${prefix}:{d}:processes`;
    this.cards = `${prefix}:{d}:cards${keySpace}`;
  }

  room(roomId: string): RoomKeys {
    const base = `${this.#prefix}:{r:${redisKey(roomId)}}`;
    return {
      state: `${base}:s`,
      log: `${base}:l`,
      messages: `${base}:m`,
      ends: `${base}:e`,
      channel: `${base}:c${this.#keySpace}`,
    };
  }

  process(processId: string): ProcessKeys {
    const base = `${this.#prefix}:{p:${redisKey(processId)}}`;
    return {
      lease: base,
      fence: `${base}:fence`,
      rooms: `${base}:rooms`,
      scopes: `${base}:scopes`,
      channel: `${base}:c${this.#keySpace}`,
    };
  }

  /** Where a process publishes to itself, to hear whether it hears anything. */
  probe(instance: string): string {
    return `${this.#prefix}:{i:${instance}}`;
  }

  scope(scope: string): string {
    return `${this.#prefix}:{c:${redisKey(scope)}}`;
  }

  value(key: string): string {
    return `${this.#prefix}:{v:${redisKey(key)}}`;
  }
}
