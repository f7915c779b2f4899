import { afterEach, beforeEach, describe } from 'vitest';
import { ContractStage, type Serve } from './contract-stage.js';
import { attachingSuite } from './suites/attaching.js';
import { authenticationSuite } from './suites/authentication.js';
import { backPressureSuite } from './suites/back-pressure.js';
import { cookiesSuite } from './suites/cookies.js';
import { countersSuite } from './suites/counters.js';
import { drainingSuite } from './suites/draining.js';
import { endingSuite } from './suites/ending.js';
import { expirySuite } from './suites/expiry.js';
import { handshakeSuite } from './suites/handshake.js';
import { heartbeatSuite } from './suites/heartbeat.js';
import { hookOrderSuite } from './suites/hook-order.js';
import { hookOutcomesSuite } from './suites/hook-outcomes.js';
import { hooksSuite } from './suites/hooks.js';
import { idleSuite } from './suites/idle.js';
import { interruptionsSuite } from './suites/interruptions.js';
import { joiningSuite } from './suites/joining.js';
import { largeRoomsSuite } from './suites/large-rooms.js';
import { limitsSuite } from './suites/limits.js';
import { malformedMessagesSuite } from './suites/malformed.js';
import { messagesSuite } from './suites/messages.js';
import { moderationSuite } from './suites/moderation.js';
import { rejoinSuite } from './suites/rejoin.js';
import { requestsSuite } from './suites/requests.js';
import { roomSuite } from './suites/room.js';
import { sessionSuite } from './suites/session.js';
import { sessionReplacementSuite } from './suites/session-replacement.js';
import { waitingSuite } from './suites/waiting.js';

/** What every transport has to do, whatever it is made of. */
export function transportContract(name: string, serve: Serve): void {
  describe(`the wire over ${name}`, () => {
    const stage = new ContractStage(serve);
    beforeEach(() => stage.setUp());
    afterEach(() => stage.tearDown());

    handshakeSuite(stage);
    authenticationSuite(stage);
    expirySuite(stage);
    requestsSuite(stage);
    cookiesSuite(stage);
    malformedMessagesSuite(stage);
    joiningSuite(stage);
    sessionSuite(stage);
    attachingSuite(stage);
    sessionReplacementSuite(stage);
    rejoinSuite(stage);
    interruptionsSuite(stage);
    roomSuite(stage);
    largeRoomsSuite(stage);
    moderationSuite(stage);
    messagesSuite(stage);
    heartbeatSuite(stage);
    drainingSuite(stage);
    endingSuite(stage);
    idleSuite(stage);
    waitingSuite(stage);
    backPressureSuite(stage);
    hooksSuite(stage);
    hookOutcomesSuite(stage);
    hookOrderSuite(stage);
    limitsSuite(stage);
    countersSuite(stage);
  });
}
