import { malformed } from './errors.js';
import type { Emit } from './events.js';
import type { Roster } from './roster.js';
import { isListOf, isRecord, isString, parse } from './wire.js';

/**
 * Which simulcast layer to receive.
 * @category Client
 */
export type Layer = 'high' | 'medium' | 'low';

/** The RIDs of each layer, and of those that take its place where it is not sent: smaller ones first. */
const RIDS: Record<Layer, string> = { low: 'qhf', medium: 'hqf', high: 'fhq' };
const LAYERS: Readonly<Record<string, Layer>> = { q: 'low', h: 'medium', f: 'high' };

interface Wish {
  layer: Layer;
  video: boolean;
  audio: boolean;
}

/** Ion's control channel, which the SFU opens on the subscriber connection. */
export const CONTROL_CHANNEL = 'ion-sfu';

/**
 * Ion forgets a switch that comes while another is under way, or to a layer that is not sent yet, puts everybody on
 * a larger layer when it comes, and says nothing of it: so what was wished is said again and again.
 */
const REPEAT_EVERY_MS = 2_000;

/**
 * What is wanted of each stream, over Ion's data channel `ion-sfu` (Ion: `setRemoteMedia`), and who is heard.
 * A message is always complete: Ion takes a missing `audio` for false.
 */
export class Control {
  readonly #roster: Roster;
  readonly #emit: Emit;
  readonly #wishes = new Map<string, Wish>();
  #channel: RTCDataChannel | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(roster: Roster, emit: Emit) {
    this.#roster = roster;
    this.#emit = emit;
  }

  attach(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.addEventListener('message', ({ data }) => this.#receive(data));
    channel.addEventListener('open', () => this.#sayAll());
    this.#sayAll();
  }

  /** What is undefined stays as it is. */
  wish(streamId: string, wish: { [Name in keyof Wish]?: Wish[Name] | undefined }): void {
    const before = this.#wishes.get(streamId);
    const { layer = before?.layer ?? 'high' } = wish;
    const { video = before?.video ?? true, audio = before?.audio ?? true } = wish;
    this.#wishes.set(streamId, { layer, video, audio });
    this.say(streamId);
    this.#timer ??= setInterval(() => this.#sayAll(), REPEAT_EVERY_MS);
  }

  /** Says (again) what is wanted of a stream: Ion forgets it of one that it does not send yet. */
  say(streamId: string): void {
    const wish = this.#wishes.get(streamId);
    if (!wish || this.#channel?.readyState !== 'open') return;
    const { layer, video, audio } = wish;
    // Ion does nothing when it is asked for a layer that is not sent.
    const sent = this.#roster.layersOf(streamId);
    const [rid = ''] = [...RIDS[layer]].filter((each) => sent.includes(each));
    this.#channel.send(JSON.stringify({ streamId, video: video ? (LAYERS[rid] ?? layer) : 'none', audio }));
  }

  close(): void {
    clearTimeout(this.#timer); // Intervals too (HTML, timers).
  }

  #sayAll(): void {
    for (const streamId of this.#wishes.keys()) this.say(streamId);
  }

  #receive(data: unknown): void {
    const message = parse(data);
    // Older ion-sfu sends the bare list.
    const streamIds = isRecord(message) && message.method === 'audioLevels' ? message.params : message;
    if (isListOf(streamIds, isString)) this.#emit('speakers', streamIds);
    else if (!isRecord(message)) this.#emit('error', malformed('a malformed message'));
  }
}
