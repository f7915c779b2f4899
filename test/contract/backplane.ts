import { afterEach, beforeEach, describe } from 'vitest';
import type { MaybePromise } from '../../src/backplane/backplane.js';
import { commitSuite } from './backplane-suites/commit.js';
import { processesSuite } from './backplane-suites/processes.js';
import { sinkSuite } from './backplane-suites/sink.js';
import { BackplaneStage, type SharedState } from './backplane-suites/stage.js';
import { valuesSuite } from './backplane-suites/values.js';

/** What every backplane has to do, wherever its state is. */
export function backplaneContract(name: string, begin: () => MaybePromise<SharedState>): void {
  describe(`a backplane ${name}`, () => {
    const stage = new BackplaneStage(begin);
    beforeEach(() => stage.setUp());
    afterEach(() => stage.tearDown());

    sinkSuite(stage);
    commitSuite(stage);
    processesSuite(stage);
    valuesSuite(stage);
  });
}
