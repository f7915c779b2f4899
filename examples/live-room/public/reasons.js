// @ts-check
/** The moderator's reasons, which the relay passes on to the people concerned. */

export const KICKED = 'A moderator has removed you. You may join again.';
export const BANNED = 'A moderator has banned you from this room.';
export const ENDED = 'A moderator has ended the room. Thank you for coming.';
