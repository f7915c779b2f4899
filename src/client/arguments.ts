import type { Subscription } from '../signal/protocol.js';
import type { ConnectOptions } from './connect.js';
import type { PublishOptions } from './encodings.js';
import { RelayClientError } from './errors.js';
import type { SendOptions } from './messages.js';
import type { JoinOptions } from './options.js';
import { isListOf, isRecord, isString } from './wire.js';

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
const JOIN: Keys<JoinOptions> = { roomId: 1, userId: 1, role: 1, autoSubscribe: 1, metadata: 1 };
const PUBLISH: Keys<PublishOptions> = { simulcast: 1, maxBitrate: 1, codec: 1 };
const SEND: Keys<SendOptions> = { to: 1, id: 1 };
const GIFT = { ...SEND, count: 1 };
const RECEIVING = { video: 1, audio: 1 };

/** What an application has called is refused with what to write. */
function check(isRight: unknown, call: string, needs: string, example = ''): void {
  if (!isRight) throw wrong(`${call}() needs ${needs}${example && `: write ${example}`}.`);
}

const wrong = (message: string) => new RelayClientError('ERR_CLIENT_ARGUMENT', message);
const isText = (value: unknown) => isString(value) && value !== '';

/** Unknown keys are refused: a misspelled option would silently not hold. */
function checkKeys(call: string, options: object, keys: object): void {
  for (const [key, value] of Object.entries(options))
    if (value !== undefined && !Object.hasOwn(keys, key)) {
      const names = Object.keys(keys);
      const distance = (name: string) => distanceOf(key.toLowerCase(), name.toLowerCase());
      const closest = names.reduce((one, other) => (distance(other) < distance(one) ? other : one));
      const advice =
        distance(closest) < 4 ? `Did you mean "${closest}"?` : `Write one of ${names.join(', ')}.`;
      throw wrong(`${call}() takes no "${key}". ${advice}`);
    }
}

/** How many characters lie between what both begin with and what both end with; 0 for a name that begins with the word. */
function distanceOf(word: string, name: string): number {
  if (name.startsWith(word)) return 0;
  let start = 0;
  while (word[start] === name[start]) start++;
  let end = 1;
  while (word.at(-end) === name.at(-end)) end++;
  return Math.max(word.length, name.length) - start - end + 1;
}

function checkOptions(call: string, options: unknown, keys: object, example: string): void {
  check(isRecord(options), call, 'an object', example);
  checkKeys(call, options as object, keys);
}

export function checkMade(settings: unknown): void {
  check(settings, 'new RelayClient', 'connect()', 'await connect(url)');
}

export function checkConnect(url: unknown, options: unknown): void {
  const example = 'connect("wss://live.example.org/rtc")';
  check(isText(url) || url instanceof URL, 'connect', 'the URL of the relay', example);
  checkOptions('connect', options, CONNECT, 'connect(url, { token })');
  check(globalThis.WebSocket, 'connect', 'a browser: there is no WebSocket here');
}

export function checkJoin(options: JoinOptions): void {
  const example = 'client.join({ roomId: "lobby" })';
  checkOptions('join', options, JOIN, example);
  check(isText(options.roomId), 'join', 'a room', example);
}

export function checkPublish(stream: MediaStream | undefined, options: PublishOptions): void {
  if (typeof stream?.getTracks !== 'function') {
    const hint =
      globalThis.isSecureContext === false ? ' Browsers have a camera on https and localhost only.' : '';
    const example = stream && 'kind' in Object(stream) ? 'new MediaStream([track])' : 'stream';
    throw wrong(`publish() needs a MediaStream: write client.publish(${example}).${hint}`);
  }
  checkOptions('publish', options, PUBLISH, 'client.publish(stream, { simulcast: true })');
}

export function checkUnpublish(stream: unknown): void {
  check(isText(isRecord(stream) ? stream.id : stream), 'unpublish', 'a MediaStream or its id');
}

export function checkMuted(track: unknown, muted: unknown): void {
  const example = 'client.setMuted(track, true)';
  check(
    track instanceof Object && typeof muted === 'boolean',
    'setMuted',
    'a track, and whether it is muted',
    example,
  );
}

export function checkMetadata(metadata: unknown): void {
  check(isRecord(metadata), 'setMetadata', 'an object', 'client.setMetadata({ name: "Alice" })');
}

export function checkToken(token: unknown): void {
  check(isString(token), 'authenticate', 'a token', 'client.authenticate(token)');
}

export function checkSend(kind: unknown, options: unknown): void {
  check(isText(kind), 'send', 'a kind', 'client.send("chat", { text })');
  checkOptions('send', options, SEND, 'client.send(kind, data, { to })');
}

export function checkChat(text: unknown): void {
  check(isString(text), 'chat', 'a text', 'client.chat("Hello")');
}

export function checkGift(gift: unknown, options: unknown): void {
  check(isText(gift), 'sendGift', 'a gift', 'client.sendGift("rose")');
  checkOptions('sendGift', options, GIFT, 'client.sendGift("rose", { count: 2 })');
}

export function checkLike(count: unknown): void {
  check(Number.isSafeInteger(count) && (count as number) > 0, 'like', 'how many likes, from 1 on');
}

export function checkSubscribe(subscriptions: unknown): void {
  const isSound = (each: unknown): each is Subscription => isRecord(each) && isText(each.trackId);
  check(
    isListOf(subscriptions, isSound),
    'subscribe',
    'a list',
    'client.subscribe([{ trackId, subscribe: true }])',
  );
}

export function checkLayer(streamId: unknown, layer: unknown): void {
  const isLayer = ['high', 'medium', 'low'].includes(layer as string);
  check(
    isText(streamId) && isLayer,
    'setLayer',
    'a stream and "high", "medium" or "low"',
    'client.setLayer(stream.id, "low")',
  );
}

export function checkReceiving(streamId: unknown, options: unknown): void {
  const example = 'client.setReceiving(stream.id, { video: false })';
  check(isText(streamId), 'setReceiving', 'a stream', example);
  checkOptions('setReceiving', options, RECEIVING, example);
}

export function checkModerate(params: unknown): void {
  check(
    isRecord(params) && isText(params.action),
    'moderate',
    'an action',
    'client.moderate({ action: "kick", userId })',
  );
}

export function checkListener(listener: unknown): void {
  check(typeof listener === 'function', 'on', 'an event and a function', 'client.on("track", (track) => {})');
}
