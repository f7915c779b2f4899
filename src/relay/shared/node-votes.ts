import type { ProcessCard } from '../../backplane/backplane.js';
import type { ProcessCalls } from './process-calls.js';

/** ms within which the others answer: two probes of a node that is silent, and the way. */
const VOTE_MS = 2_000;
/** With fewer the own verdict counts. */
const MIN_VOTERS = 3;

/** Whether most processes say that a node is down, of which this one does; those that do not answer in time do not count. */
export async function isDownForMost(
  calls: ProcessCalls,
  processes: readonly ProcessCard[],
  serverUrl: string,
): Promise<boolean> {
  if (processes.length < MIN_VOTERS) return true;
  const others = await calls.pollAll('isNodeDown', { serverUrl }, VOTE_MS);
  const votes = [true, ...others.filter((each) => typeof each === 'boolean')];
  return votes.length < MIN_VOTERS || votes.filter((isDown) => isDown).length * 2 > votes.length;
}
