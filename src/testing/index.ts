/**
 * SFUs for development and tests: scripted, with media, silent; and a network that breaks.
 * @module sfu-relay/testing
 */
export type {
  JoinRequest,
  Reply,
  Request,
  SessionDescription,
  Subscription,
  SubscriptionRequest,
  TrackEvent,
  TrackInfo,
  Trickle,
} from '../sfu/ion/gen/rtc.js';
export { type DevSfu, startDevSfu } from './dev-sfu/dev-sfu.js';
export type { DevSfuOptions } from './dev-sfu/options.js';
export type { CutPoint, ProxyDirection } from './faulty-proxy/cut-point.js';
export { type FaultyProxy, startFaultyProxy } from './faulty-proxy/faulty-proxy.js';
export { type FakeTrack, fakeAnswer, fakeCandidate, fakeOffer, tracksOf } from './scripted/fake-sdp.js';
export type { Script } from './scripted/ion-script.js';
export { subscriberOffer } from './scripted/replies.js';
export { type ScriptedSfu, type ScriptedSfuOptions, startScriptedSfu } from './scripted/scripted-sfu.js';
export type { ScriptedStream, StreamEnd } from './scripted/scripted-stream.js';
export { type SilentServer, startSilentServer } from './silent-server.js';
