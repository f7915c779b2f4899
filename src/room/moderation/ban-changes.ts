import { isUnavailable } from '../../backplane/attempt.js';
import type { Outcome } from '../../backplane/backplane.js';
import type { RoomJournal } from '../../backplane/journal.js';

const NOTHING: Outcome = { revision: 0, change: {} };

/** Lifts a ban after what waits, which may be that ban. While the others cannot be asked, one of them may have banned the user anew. */
export async function afterWhatWaits(journal: RoomJournal, lift: () => void | Promise<void>): Promise<void> {
  if (!journal.isBehind || journal.isAway) return lift();
  const outcome = await journal.later(async () => {
    await lift();
    return NOTHING;
  });
  const { refused } = (!outcome.refused && (await outcome.later)) || outcome;
  if (refused) throw refused;
}

/** Changes the store of bans. One that is away with the other processes is changed later, before what is done next. */
export async function inTurn(journal: RoomJournal, change: () => void | Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!journal.isAway || !isUnavailable(error)) throw error;
    await journal.later(async () => {
      await change();
      return NOTHING;
    });
  }
}
