import { check, isText, wrong } from './common/check.js';
import { isRecord } from './common/wire-forms.js';
import type { ConnectOptions } from './connect-options.js';
import type { PublishOptions } from './media/encodings.js';
import type { SendOptions } from './room/message-feed.js';
import type { JoinOptions } from './session/join-options.js';

/** The options of a call with their defaults: a key that is forgotten is a compile error. */
type Defaults<Options> = { [Key in keyof Options]-?: Options[Key] | undefined };

const CONNECT = {
  token: undefined,
  getToken: undefined,
  signal: undefined,
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  rtcConfiguration: {},
  reconnect: true,
  statsIntervalMs: 2_000,
} satisfies Defaults<ConnectOptions>;
export const JOIN = {
  roomId: undefined,
  userId: undefined,
  role: undefined,
  autoSubscribe: true,
  metadata: undefined,
} satisfies Defaults<JoinOptions>;
const PUBLISH = {
  simulcast: undefined,
  maxBitrate: undefined,
  codec: undefined,
} satisfies Defaults<PublishOptions>;
export const SEND = { to: undefined, id: undefined } satisfies Defaults<SendOptions>;
export const GIFT = { ...SEND, count: 1 };
export const RECEIVING = { video: undefined, audio: undefined };

/**
 * Unknown keys are refused: a misspelled option would silently have no effect.
 * @returns what is not undefined, of the options or else of the defaults
 */
export function readOptions<Options extends object, Known extends object>(
  example: string,
  options: Options,
  defaults: Known,
): Options & { [Key in keyof Known as Known[Key] extends undefined ? never : Key]: Known[Key] } {
  check(isRecord(options), example);
  const names = Object.keys(defaults);
  const given = Object.entries(options).filter(isDefined);
  for (const [key] of given)
    if (!names.includes(key)) {
      const startsBy = (length: number) =>
        names.find((name) => name.toLowerCase().startsWith(key.slice(0, length).toLowerCase()));
      const closest = startsBy(4) ?? startsBy(2);
      const advice = closest ? `Did you mean "${closest}"?` : `Write one of ${names.join(', ')}.`;
      throw wrong(`${example.split('(')[0]}() takes no "${key}". ${advice}`);
    }
  return Object.fromEntries([...Object.entries(defaults).filter(isDefined), ...given]) as never;
}

const isDefined = ([, value]: [string, unknown]) => value !== undefined;

export function readConnectOptions(url: unknown, options: ConnectOptions) {
  check(isText(url) || url instanceof URL, 'connect("wss://host/rtc")');
  const read = readOptions('connect(url, { token })', options, CONNECT);
  if (!globalThis.WebSocket) throw wrong('connect() needs a browser.');
  return read;
}

export function readPublishOptions(stream: MediaStream | undefined, options: PublishOptions): PublishOptions {
  const isTrack = stream && 'kind' in Object(stream);
  check(
    typeof stream?.getTracks === 'function',
    `publish(${isTrack ? 'new MediaStream([track])' : 'stream'})`,
    globalThis.isSecureContext === false ? ' Cameras need https.' : '',
  );
  return readOptions('publish(stream, { simulcast: true })', options, PUBLISH);
}
