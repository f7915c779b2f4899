import type { ConnectOptions } from './connect.js';
import type { PublishOptions } from './encodings.js';
import { RelayClientError } from './errors.js';
import type { SendOptions } from './messages.js';
import type { JoinOptions } from './options.js';
import { isRecord, isString } from './wire.js';

/** A key that is forgotten is a compile error. */
type Keys<Options> = Record<keyof Options, 1>;

const CONNECT: Keys<ConnectOptions> = {
  token: 1,
  getToken: 1,
  signal: 1,
  connectTimeoutMs: 1,
  requestTimeoutMs: 1,
  rtcConfiguration: 1,
  reconnect: 1,
  statsIntervalMs: 1,
};
export const JOIN: Keys<JoinOptions> = { roomId: 1, userId: 1, role: 1, autoSubscribe: 1, metadata: 1 };
const PUBLISH: Keys<PublishOptions> = { simulcast: 1, maxBitrate: 1, codec: 1 };
export const SEND: Keys<SendOptions> = { to: 1, id: 1 };
export const GIFT = { ...SEND, count: 1 };
export const RECEIVING = { video: 1, audio: 1 };

const wrong = (message: string) => new RelayClientError('ERR_CLIENT_ARGUMENT', message);
export const isText = (value: unknown) => isString(value) && value !== '';
const nameOf = (example: string) => example.split('(')[0];

/** What an application has called is refused with what to write. */
export function check(isRight: unknown, example: string): void {
  if (!isRight) throw wrong(`${nameOf(example)}() needs other arguments: write ${example}.`);
}

/** Unknown keys are refused: a misspelled option would silently not hold. */
export function checkOptions(example: string, options: unknown, keys: object): void {
  check(isRecord(options), example);
  const names = Object.keys(keys);
  for (const [key, value] of Object.entries(options as object))
    if (value !== undefined && !names.includes(key)) {
      const startsBy = (length: number) =>
        names.find((name) => name.toLowerCase().startsWith(key.slice(0, length).toLowerCase()));
      const closest = startsBy(4) ?? startsBy(2);
      const advice = closest ? `Did you mean "${closest}"?` : `Write one of ${names.join(', ')}.`;
      throw wrong(`${nameOf(example)}() takes no "${key}". ${advice}`);
    }
}

export function checkMade(settings: unknown): void {
  if (!settings) throw wrong('new RelayClient() is for connect(): write await connect(url).');
}

export function checkConnect(url: unknown, options: unknown): void {
  const isUrl = isText(url) || url instanceof URL;
  check(isUrl, 'connect("wss://live.example.org/rtc")');
  checkOptions('connect(url, { token })', options, CONNECT);
  if (!globalThis.WebSocket) throw wrong('connect() needs a browser: there is no WebSocket here.');
}

export function checkPublish(stream: MediaStream | undefined, options: PublishOptions): void {
  if (typeof stream?.getTracks !== 'function') {
    const hint =
      globalThis.isSecureContext === false ? ' Browsers have a camera on https and localhost only.' : '';
    const example = stream && 'kind' in Object(stream) ? 'new MediaStream([track])' : 'stream';
    throw wrong(`publish() needs a MediaStream: write publish(${example}).${hint}`);
  }
  checkOptions('publish(stream, { simulcast: true })', options, PUBLISH);
}
