import { malformed } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { isRecord, listOf, parse } from '../common/wire-forms.js';
import type { ParticipantList } from '../room/participant-list.js';

/**
 * Which simulcast layer to receive.
 * @category Client
 */
export type Layer = 'high' | 'medium' | 'low';

/** The RIDs of each layer, and of those that take its place where it is not sent: smaller ones first. */
const RIDS: Record<Layer, string> = { low: 'qhf', medium: 'hqf', high: 'fhq' };
export const isLayer = (value: unknown) => Object.hasOwn(RIDS, String(value));
const LAYERS: Readonly<Record<string, Layer>> = { q: 'low', h: 'medium', f: 'high' };

/** What to receive of a stream. */
interface StreamPreference {
  layer: Layer;
  video: boolean;
  audio: boolean;
}

/** Ion's control channel, which the SFU opens on the subscriber connection. */
export const CONTROL_CHANNEL = 'ion-sfu';

/**
 * Ion drops a switch that comes during another one, or to a layer that is not sent yet; puts everybody on a larger layer
 * when that comes; and reports none of it. So each preference is sent again and again.
 */
const REPEAT_EVERY_MS = 2_000;

export type StreamControl = ReturnType<typeof streamControl>;

/** Stream preferences, sent over Ion's data channel `ion-sfu` (Ion: `setRemoteMedia`), which also reports the speakers. */
export function streamControl({ layersOf }: ParticipantList, emit: Emit) {
  const preferences = new Map<string, StreamPreference>();
  let channel: RTCDataChannel | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;

  /** Sends what is preferred of a stream (again): Ion drops it for a stream that it does not send yet. */
  const sendPreference = (streamId: string) => {
    const preference = preferences.get(streamId);
    if (!preference || channel?.readyState !== 'open') return;
    const { layer, video, audio } = preference;
    // Ion ignores a request for a layer that is not sent.
    const sent = layersOf(streamId);
    const [rid = ''] = [...RIDS[layer]].filter((each) => sent.includes(each));
    // A message is always complete: Ion takes a missing `audio` for false.
    channel.send(JSON.stringify({ streamId, video: video ? (LAYERS[rid] ?? layer) : 'none', audio }));
  };
  const sendAll = () => {
    for (const streamId of preferences.keys()) sendPreference(streamId);
  };
  const receive = (data: unknown) => {
    const message = parse(data);
    // Older ion-sfu sends the bare list.
    const streamIds = isRecord(message) && message.method === 'audioLevels' ? message.params : message;
    if (listOf('string')(streamIds)) emit('speakers', streamIds as string[]);
    else if (!isRecord(message)) emit('error', malformed('message'));
  };

  return {
    sendPreference,

    useChannel(opened: RTCDataChannel): void {
      channel = opened;
      channel.addEventListener('message', ({ data }) => receive(data));
      channel.addEventListener('open', sendAll);
      sendAll();
    },

    /** What is left out stays as it is. */
    prefer(streamId: string, changes: Partial<StreamPreference>): void {
      const before = preferences.get(streamId) ?? { layer: 'high', video: true, audio: true };
      preferences.set(streamId, { ...before, ...changes });
      sendPreference(streamId);
      timer ??= setInterval(sendAll, REPEAT_EVERY_MS);
    },

    close(): void {
      clearTimeout(timer); // Intervals too (HTML, timers).
    },
  };
}
