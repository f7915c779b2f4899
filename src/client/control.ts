import { malformed, type RelayClientError } from './errors.js';
import { isListOf, isRecord, isString, parse } from './wire.js';

/**
 * Which simulcast layer to receive.
 * @category Client
 */
export type Layer = 'high' | 'medium' | 'low';

export interface ControlOptions {
  /** The streams that are heard. */
  onSpeakers(streamIds: string[]): void;
  onError(error: RelayClientError): void;
}

interface Wish {
  layer: Layer;
  video: boolean;
  audio: boolean;
}

/** Ion's control channel: opened by the SFU on the subscriber connection, by the client on the other. */
export const CONTROL_CHANNEL = 'ion-sfu';

/** Ion forgets a switch that comes while another is under way, and says nothing: so each is said twice. */
const REPEAT_AFTER_MS = 2_000;

/**
 * What is wanted of each stream, over Ion's data channel `ion-sfu` (Ion: `setRemoteMedia`), and who is heard.
 * A message is always complete: Ion takes a missing `audio` for false.
 */
export class Control {
  readonly #options: ControlOptions;
  readonly #wishes = new Map<string, Wish>();
  readonly #unrepeated = new Set<string>();
  #channel: RTCDataChannel | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  attach(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.addEventListener('message', ({ data }) => this.#receive(data));
    channel.addEventListener('open', () => this.#sayAll());
    this.#sayAll();
  }

  wish(streamId: string, change: Partial<Wish>): void {
    const before = this.#wishes.get(streamId) ?? { layer: 'high', video: true, audio: true };
    this.#wishes.set(streamId, { ...before, ...change });
    this.say(streamId);
    this.#unrepeated.add(streamId);
    this.#timer ??= setTimeout(() => this.#repeat(), REPEAT_AFTER_MS);
  }

  /** Says (again) what is wanted of a stream: Ion forgets it of one that it does not send yet. */
  say(streamId: string): void {
    const wish = this.#wishes.get(streamId);
    if (!wish || this.#channel?.readyState !== 'open') return;
    const { layer, video, audio } = wish;
    this.#channel.send(JSON.stringify({ streamId, video: video ? layer : 'none', audio }));
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #sayAll(): void {
    for (const streamId of this.#wishes.keys()) this.say(streamId);
  }

  #repeat(): void {
    this.#timer = undefined;
    const streamIds = [...this.#unrepeated];
    this.#unrepeated.clear();
    for (const streamId of streamIds) this.say(streamId);
  }

  #receive(data: unknown): void {
    const message = parse(data);
    // Older ion-sfu sends the bare list.
    const streamIds = isRecord(message) && message.method === 'audioLevels' ? message.params : message;
    if (isListOf(streamIds, isString)) this.#options.onSpeakers(streamIds);
    else if (!isRecord(message)) this.#options.onError(malformed('a control message that makes no sense'));
  }
}
