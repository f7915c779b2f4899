import { setImmediate as turn } from 'node:timers/promises';
import { RelayError, type Session, type SfuRelay, type SfuRelayOptions } from '../../src/index.js';
import { Bystander } from './bystander.js';
import { FuzzClient } from './client.js';
import { Messages } from './messages.js';
import { Random } from './random.js';

/** A session that the SFU ended, or an error that the relay has no name for: somebody got through. */
export interface Hole {
  what: string;
  /** What the client had said until then. */
  said: string[];
}

export interface FuzzProgress {
  messages: number;
  connections: number;
  sessions: number;
  /** Requests that were granted, by method. */
  granted: Record<string, number>;
  closes: Record<string, number>;
  errors: Record<string, number>;
  holes: Hole[];
}

export interface FuzzOptions {
  relay: SfuRelay;
  seed: number;
  messages: number;
  /** Clients at a time. */
  clients: number;
  /** Ends it early. */
  isOver(): boolean;
  onProgress?(progress: FuzzProgress): void;
}

/**
 * Ion gives a connection up that had no ICE for 30 s, and what its client says from then on ends the session: a
 * weakness of its own, so none of these clients, who have no media, gets that old.
 */
const MAX_AGE_MS = 20_000;
const PATIENCE_MS = 20_000;
const ROOMS = 8;
const MAX_HOLES = 20;
const BYSTANDER_EVERY = 2_000;
const HOLES = /^ERR_RELAY_(SFU_STREAM_ENDED|SFU_REFUSED|SFU_TIMEOUT|SFU_UNAVAILABLE|INTERNAL)$/;

/** Why sessions ended and joins failed, which the wire does not tell. */
export class Causes {
  readonly #bySession = new Map<string, RelayError>();
  readonly #others: RelayError[] = [];

  /** For the relay's `logger` option. */
  readonly logger: NonNullable<SfuRelayOptions['logger']> = {
    debug: (fields) => this.#note(fields),
    info: () => {},
    warn: () => {},
    error: (fields) => this.#note(fields),
  };

  watch(relay: SfuRelay): void {
    relay.on('sessionopen', (session: Session) => {
      session.on('close', ({ error }) => {
        if (error && HOLES.test(error.code)) this.#bySession.set(session.id, error);
      });
    });
  }

  /** What the SFU said of the client's sessions, or else of what it refused last. */
  of(sessions: readonly string[]): string {
    const error = sessions.map((id) => this.#bySession.get(id)).find((each) => each) ?? this.#others.at(-1);
    const cause = error?.cause instanceof Error ? error.cause.message : String(error?.cause ?? '');
    return `${error?.code}: ${cause}`;
  }

  #note(fields: unknown): void {
    const error = (fields as { err?: unknown }).err;
    const isHole = error instanceof RelayError ? HOLES.test(error.code) : error !== undefined;
    if (isHole) this.#others.push(RelayError.from(error));
    if (this.#others.length > 100) this.#others.shift();
  }
}

/** Lets so many clients say so many things, and gives what happened to them. */
export async function fuzz(options: FuzzOptions, causes: Causes): Promise<FuzzProgress> {
  const { relay, seed, messages, clients } = options;
  const progress: FuzzProgress = {
    messages: 0,
    connections: 0,
    sessions: 0,
    granted: {},
    closes: {},
    errors: {},
    holes: [],
  };
  causes.watch(relay);
  relay.on('sessionopen', () => {
    progress.sessions += 1;
  });
  const isOver = () =>
    progress.messages >= messages || progress.holes.length >= MAX_HOLES || options.isOver();
  const watching = watchBystander(relay, progress, isOver);
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (!isOver()) {
        progress.connections += 1;
        await live(options, progress, causes, new Random(seed + progress.connections), isOver);
      }
    }),
  );
  await watching;
  return progress;
}

/** One client, from its connection to its end. */
async function live(
  { relay, onProgress }: FuzzOptions,
  progress: FuzzProgress,
  causes: Causes,
  random: Random,
  isOver: () => boolean,
): Promise<void> {
  const { granted, closes, errors } = progress;
  let hole: string | undefined;
  const messages = new Messages(random, String(progress.connections), ROOMS);
  const client = new FuzzClient(relay, messages, {
    onResult(method) {
      count(granted, method);
    },
    onError(code, method) {
      count(errors, code);
      if (HOLES.test(code)) hole ??= `${method} ${code}`;
    },
    onClose(code) {
      count(closes, String(code));
      if (code >= 4500 && code <= 4504) hole ??= `closed with ${code}`;
    },
  });
  const until = Date.now() + MAX_AGE_MS * random.next();
  while (client.closed === undefined && Date.now() < until && !isOver()) {
    progress.messages += 1;
    if (random.chance(0.005)) client.speakBinary(new Uint8Array(random.below(100)));
    else await client.speak(PATIENCE_MS);
    if (random.chance(0.5)) await turn();
    if (random.chance(0.003)) client.vanish();
    if (progress.messages % 500 === 0) onProgress?.(progress);
  }
  // What it has set off comes back within a few turns, or with the SFU's next word.
  for (let turns = 0; turns < 20; turns += 1) await turn();
  client.vanish();
  if (hole !== undefined)
    progress.holes.push({ what: `${hole}, because ${causes.of(client.sessions)}`, said: [...client.said] });
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** A publisher with real media in one of the rooms, who renegotiates now and then: that it can't is a hole, too. */
async function watchBystander(relay: SfuRelay, progress: FuzzProgress, isOver: () => boolean): Promise<void> {
  const bystander = await Bystander.join(relay, 'room 0', 'bystander');
  try {
    for (let next = 0; !isOver() && bystander.ended === undefined; ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (progress.messages < next) continue;
      next = progress.messages + BYSTANDER_EVERY;
      await bystander.renegotiate();
    }
  } catch (error) {
    bystander.ended ??= String(error);
  }
  if (bystander.ended !== undefined && progress.holes.length === 0)
    progress.holes.push({ what: `the bystander's session ended: ${bystander.ended}`, said: [] });
  await bystander.leave();
}
