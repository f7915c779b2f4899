import { afterEach, beforeEach, describe } from 'vitest';
import type { MaybePromise } from '../../src/backplane/backplane.js';
import { attachingElsewhereSuite } from './shared-suites/attaching-elsewhere.js';
import { countedViewersSuite } from './shared-suites/counted-viewers.js';
import { elsewhereSuite } from './shared-suites/elsewhere.js';
import { handingOverSuite } from './shared-suites/handing-over.js';
import { handingOverFaultsSuite } from './shared-suites/handing-over-faults.js';
import { joinsSuite } from './shared-suites/joins.js';
import { limitsSuite } from './shared-suites/limits.js';
import { messagesSuite } from './shared-suites/messages.js';
import { moderationSuite } from './shared-suites/moderation.js';
import { participantsSuite } from './shared-suites/participants.js';
import { plannedStopSuite } from './shared-suites/planned-stop.js';
import { replacingSuite } from './shared-suites/replacing.js';
import { SharedStage, type SharedState } from './shared-suites/stage.js';

/** What relays do that share their rooms, by whatever backplane. */
export function sharedRoomsContract(name: string, begin: () => MaybePromise<SharedState>): void {
  describe(`relays that share their rooms ${name}:`, () => {
    const stage = new SharedStage(begin);
    beforeEach(() => stage.setUp());
    afterEach(() => stage.tearDown());

    participantsSuite(stage);
    messagesSuite(stage);
    moderationSuite(stage);
    limitsSuite(stage);
    countedViewersSuite(stage);
    joinsSuite(stage);
    replacingSuite(stage);
    plannedStopSuite(stage);
    handingOverSuite(stage);
    handingOverFaultsSuite(stage);
    elsewhereSuite(stage);
    attachingElsewhereSuite(stage);
  });
}
