import { afterEach, beforeEach, describe } from 'vitest';
import type { Serve } from './contract-stage.js';
import { acknowledgingSuite } from './resumption-suites/acknowledging.js';
import { detachingSuite } from './resumption-suites/detaching.js';
import { endingsSuite } from './resumption-suites/endings.js';
import { goingOnSuite } from './resumption-suites/going-on.js';
import { negotiationSuite } from './resumption-suites/negotiation.js';
import { overflowSuite } from './resumption-suites/overflow.js';
import { placesSuite } from './resumption-suites/places.js';
import { refusalsSuite } from './resumption-suites/refusals.js';
import { severalConnectionsSuite } from './resumption-suites/several-connections.js';
import { ResumptionStage } from './resumption-suites/stage.js';

/** What docs/PROTOCOL.md says of resumption, over any transport. */
export function resumptionContract(name: string, serve: Serve): void {
  describe(`resumption over ${name}`, () => {
    const stage = new ResumptionStage(serve);
    beforeEach(() => stage.setUp());
    afterEach(() => stage.tearDown());

    goingOnSuite(stage);
    severalConnectionsSuite(stage);
    refusalsSuite(stage);
    detachingSuite(stage);
    endingsSuite(stage);
    overflowSuite(stage);
    negotiationSuite(stage);
    acknowledgingSuite(stage);
    placesSuite(stage);
  });
}
