import { isUnavailable } from '../../backplane/attempt.js';
import type { RoomJournal } from '../../backplane/journal.js';

/** Changes the store of bans. One that is away with the other processes is changed later, before what is done next. */
export async function inTurn(journal: RoomJournal, change: () => void | Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!journal.isAway || !isUnavailable(error)) throw error;
    await journal.later(async () => {
      await change();
      return { revision: 0, change: {} };
    });
  }
}
