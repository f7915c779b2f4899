export { type FakeTrack, fakeAnswer, fakeCandidate, fakeOffer, tracksOf } from './fake-sdp.js';
export type { Script } from './ion-script.js';
export { subscriberOffer } from './replies.js';
export { type ScriptedSfu, type ScriptedSfuOptions, startScriptedSfu } from './scripted-sfu.js';
export type { ScriptedStream, StreamEnd } from './scripted-stream.js';
export { type SilentServer, startSilentServer } from './silent-server.js';
