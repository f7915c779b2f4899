import { afterEach, beforeEach, describe } from 'vitest';
import { HttpStage, type MakeListener } from './http-stage.js';
import { attachingSuite } from './http-suites/attaching.js';
import { changingSuite } from './http-suites/changing.js';
import { countersSuite } from './http-suites/counters.js';
import { documentedSuite } from './http-suites/documented.js';
import { errorsSuite } from './http-suites/errors.js';
import { eventsSuite } from './http-suites/events.js';
import { expirySuite } from './http-suites/expiry.js';
import { foreignPagesSuite } from './http-suites/foreign-pages.js';
import { healthSuite } from './http-suites/health.js';
import { idempotencySuite } from './http-suites/idempotency.js';
import { largeRoomsSuite } from './http-suites/large-rooms.js';
import { lifetimeSuite } from './http-suites/lifetime.js';
import { limitsSuite } from './http-suites/limits.js';
import { messagesSuite } from './http-suites/messages.js';
import { moderationSuite } from './http-suites/moderation.js';
import { sessionTokensSuite } from './http-suites/session-tokens.js';

/** What the REST API has to do, whatever server it is mounted in. */
export function httpContract(name: string, makeListener: MakeListener): void {
  describe(`the REST API in ${name}`, () => {
    const stage = new HttpStage(makeListener);
    beforeEach(() => stage.setUp());
    afterEach(() => stage.tearDown());

    documentedSuite(stage);
    errorsSuite(stage);
    healthSuite(stage);
    foreignPagesSuite(stage);
    eventsSuite(stage);
    largeRoomsSuite(stage);
    attachingSuite(stage);
    changingSuite(stage);
    lifetimeSuite(stage);
    messagesSuite(stage);
    limitsSuite(stage);
    expirySuite(stage);
    moderationSuite(stage);
    sessionTokensSuite(stage);
    idempotencySuite(stage);
    countersSuite(stage);
  });
}
