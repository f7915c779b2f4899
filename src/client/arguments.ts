import { isRecord } from '../util/is-record.js';
import { check, isText, wrong } from './common/check.js';
import type { ConnectOptions } from './connect-options.js';
import type { PublishOptions } from './media/encodings.js';
import type { SendOptions } from './room/message-feed.js';
import type { AttachOptions, JoinOptions } from './session/entry.js';

/** The defaults of an options interface. A missing key is a compile error. */
type Defaults<Options> = { [Key in keyof Options]-?: Options[Key] | undefined };

const CONNECT = {
  token: undefined,
  getToken: undefined,
  signal: undefined,
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  rtcConfiguration: {},
  reconnect: true,
  resumeAcrossReloads: false,
  statsIntervalMs: 2_000,
} satisfies Defaults<ConnectOptions>;
export const JOIN = {
  roomId: undefined,
  userId: undefined,
  role: undefined,
  autoSubscribe: true,
  metadata: undefined,
} satisfies Defaults<JoinOptions>;
export const ATTACH = { sessionId: undefined, sessionToken: undefined } satisfies Defaults<AttachOptions>;
const PUBLISH = {
  simulcast: undefined,
  maxBitrate: undefined,
  codec: undefined,
} satisfies Defaults<PublishOptions>;
export const SEND = { to: undefined, id: undefined } satisfies Defaults<SendOptions>;
export const GIFT = { ...SEND, count: 1 };
export const RECEIVING = { video: undefined, audio: undefined };

/**
 * Refuses unknown keys: a misspelled option would be ignored silently.
 * @returns the options with the defaults, without members that are undefined
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
      throw wrong(`${example} takes no "${key}", only ${names.join(', ')}.`);
    }
  return Object.fromEntries([...Object.entries(defaults).filter(isDefined), ...given]) as never;
}

const isDefined = ([, value]: [string, unknown]) => value !== undefined;

export function readConnectOptions(url: unknown, options: ConnectOptions) {
  check(isText(url) || url instanceof URL, 'connect(url, { token })');
  return readOptions('connect(url, { token })', options, CONNECT);
}

export function readPublishOptions(stream: MediaStream | undefined, options: PublishOptions): PublishOptions {
  check(typeof stream?.getTracks === 'function', 'publish(stream), cameras need https');
  return readOptions('publish(stream, { simulcast })', options, PUBLISH);
}
