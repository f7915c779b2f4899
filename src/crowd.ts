import { LIMITS } from './limits.js';
import type { RejoinNotice } from './model.js';

/** The share of a limit at which it is near: a room with many viewers needs some time to replace all their peers. */
const NEAR = 0.75;
/** Viewers of a room come near a limit at the same time: they rejoin within this time. */
const REJOIN_WITHIN_MS = 5_000;

/** Whether a session has offered nearly as many different media sections as the SFU is to keep. */
export function hasManyMids(count: number): boolean {
  return count > LIMITS.maxMids * NEAR;
}

/**
 * Whether an answer nears a limit because of tracks that are gone: Ion adds a section for each track, and uses none again.
 * A new peer has only those of the tracks that there are.
 */
export function isCrowded(answer: string, maxLength: number = LIMITS.maxSdpLength): boolean {
  const isLong = answer.length > maxLength * NEAR;
  const sections = answer.split('\nm=').length - 1;
  return (isLong || hasManyMids(sections)) && answer.split('\na=inactive').length > sections / 2;
}

export function rejoinSoon(peer: number): RejoinNotice {
  const reason = 'The peer connections have nearly as many media sections as they can have.';
  return { peer, afterMs: Math.round(Math.random() * REJOIN_WITHIN_MS), reason };
}
