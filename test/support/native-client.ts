import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { aiortcPath, gstreamerPath } from './real.js';

/** The media stacks that publish and watch without a browser. */
export type NativeStack = 'aiortc' | 'webrtcbin';

const script = (stack: NativeStack) =>
  fileURLToPath(new URL(`../native/${stack}_client.py`, import.meta.url));

/** What the scripts in test/native report, one JSON text a line. */
interface Report {
  event: 'offer' | 'answer' | 'joined' | 'frames' | 'ended' | 'refused' | 'closed';
  sdp?: string;
  kind?: 'audio' | 'video';
  track?: string;
  frames?: number;
  error?: unknown;
}

/** A client in Python that publishes sound and video, and decodes all that it receives. */
export class NativeClient {
  readonly #child: Child;
  readonly #reports: Report[] = [];

  constructor(stack: NativeStack, { url, room, user }: { url: string; room: string; user: string }) {
    const python = stack === 'aiortc' ? aiortcPath() : gstreamerPath();
    if (!python) throw new Error(`no Python has what ${stack} needs`);
    this.#child = new Child(python, [script(stack), url, room, user]);
    this.#child.onLine((line) => {
      if (line.startsWith('{')) this.#reports.push(JSON.parse(line));
    });
  }

  get log(): string {
    return this.#child.log;
  }

  /** What it has said to the relay. */
  get descriptions(): { type: 'offer' | 'answer'; sdp: string }[] {
    return this.#reports.flatMap(({ event, sdp }) =>
      sdp !== undefined && (event === 'offer' || event === 'answer') ? { type: event, sdp } : [],
    );
  }

  /** How many frames it has decoded of the track of each kind that has come furthest. */
  get decoded(): Record<'audio' | 'video', number> {
    const decoded = { audio: 0, video: 0 };
    for (const { event, kind, frames = 0 } of this.#reports)
      if (event === 'frames' && kind) decoded[kind] = Math.max(decoded[kind], frames);
    return decoded;
  }

  /** How many videos it has decoded a number of frames of. */
  get videos(): number {
    const seen = this.#reports.filter(({ kind, frames = 0 }) => kind === 'video' && frames > 20);
    return new Set(seen.map(({ track }) => track)).size;
  }

  get refusals(): unknown[] {
    return this.#reports.filter(({ event }) => event === 'refused' || event === 'closed');
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
