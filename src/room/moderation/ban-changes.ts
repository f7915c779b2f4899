import { isUnavailable } from '../../backplane/attempt.js';
import type { MaybePromise, Outcome } from '../../backplane/backplane.js';
import type { RoomJournal } from '../../backplane/journal.js';
import { UNCHANGED } from '../../backplane/room-change.js';

type Change = () => void | Promise<void>;

/** Lifts a ban after what waits, which may be that ban. While the others cannot be asked, one of them may have banned the user anew. */
export async function afterWhatWaits(journal: RoomJournal, lift: Change): Promise<void> {
  if (!journal.isBehind || journal.isAway) return lift();
  const outcome = await afterOthers(journal, lift);
  const { refused } = (!outcome.refused && (await outcome.later)) || outcome;
  if (refused) throw refused;
}

/** Changes the store of bans. One that is away with the other processes is changed later, before what is done next. */
export async function inTurn(journal: RoomJournal, change: Change): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!journal.isAway || !isUnavailable(error)) throw error;
    await afterOthers(journal, change);
  }
}

function afterOthers(journal: RoomJournal, change: Change): MaybePromise<Outcome> {
  return journal.later(async () => {
    await change();
    return UNCHANGED;
  });
}
