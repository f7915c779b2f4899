import { afterEach } from 'vitest';
import { type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';

/** Starts SFU nodes for one test file. They, and what a test adds to `ends`, end after each test, the newest first. */
export function useScriptedNodes() {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const startNode = async (port?: number): Promise<ScriptedSfu> => {
    const sfu = await startScriptedSfu(port === undefined ? {} : { port });
    ends.push(() => sfu.stop());
    return sfu;
  };
  return { ends, startNode };
}
