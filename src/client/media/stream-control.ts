import { isRecord } from '../../util/is-record.js';
import { malformed } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { listOf, parse } from '../common/wire-forms.js';
import type { ParticipantList } from '../room/participant-list.js';

/**
 * A simulcast layer.
 * @category Client
 */
export type Layer = 'high' | 'medium' | 'low';

/** For each layer its RID, then those of its replacements if it is not sent: smaller layers first. */
const RIDS: Record<Layer, string> = { low: 'qhf', medium: 'hqf', high: 'fhq' };
export const isLayer = (value: unknown) => Object.hasOwn(RIDS, String(value));
const LAYERS: Readonly<Record<string, Layer>> = { q: 'low', h: 'medium', f: 'high' };

/** The parts of a stream to receive. */
interface StreamPreference {
  layer: Layer;
  video: boolean;
  audio: boolean;
}

/** The label of Ion's control channel, which the SFU opens on the subscriber connection. */
export const CONTROL_CHANNEL = 'ion-sfu';

/**
 * Each preference is sent repeatedly, because Ion does not confirm it: Ion ignores a switch during another one, or to a layer that
 * is not sent yet, and switches all viewers to a larger layer when that arrives.
 */
const REPEAT_EVERY_MS = 2_000;

export type StreamControl = ReturnType<typeof streamControl>;

/** Sends stream preferences over Ion's data channel `ion-sfu` (Ion: `setRemoteMedia`), and receives the speakers from it. */
export function streamControl({ layersOf }: ParticipantList, emit: Emit) {
  const preferences = new Map<string, StreamPreference>();
  let channel: RTCDataChannel | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;

  /** Sends the preference for a stream. Ion ignores it for a stream that it does not send yet. */
  const sendPreference = (streamId: string) => {
    const preference = preferences.get(streamId);
    if (!preference || channel?.readyState !== 'open') return;
    const { layer, video, audio } = preference;
    // Ion ignores a request for a layer that is not sent.
    const sent = layersOf(streamId);
    const [rid = ''] = [...RIDS[layer]].filter((each) => sent.includes(each));
    // Both members are always sent: Ion reads a missing `audio` as false.
    channel.send(JSON.stringify({ streamId, video: video ? (LAYERS[rid] ?? layer) : 'none', audio }));
  };
  const sendAll = () => [...preferences.keys()].forEach(sendPreference);
  const receive = ({ data }: MessageEvent<unknown>) => {
    const message = parse(data);
    // Older versions of ion-sfu send the list itself.
    const streamIds = isRecord(message) && message.method === 'audioLevels' ? message.params : message;
    if (listOf('string')(streamIds)) emit('speakers', streamIds as string[]);
    else if (!isRecord(message)) emit('error', malformed('message'));
  };

  return {
    sendPreference,

    useChannel(opened: RTCDataChannel): void {
      channel = opened;
      channel.addEventListener('message', receive);
      channel.addEventListener('open', sendAll);
      sendAll();
    },

    /** Omitted members do not change. */
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
