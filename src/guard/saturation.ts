import { LIMITS } from '../protocol/limits.js';
import type { RejoinNotice } from '../protocol/types.js';

/** The share of a limit at which it is near: a room with many viewers needs some time to replace all their peers. */
const NEAR = 0.75;
/** Viewers of a room come near a limit at the same time: they rejoin within this time. */
const REJOIN_WITHIN_MS = 5_000;

/** How near to its limit the number of media sections is that a session has offered: 0, or from 0.75 on. */
export function midSaturation(count: number): number {
  return nearness(count / LIMITS.maxMids);
}

/**
 * How near to a limit an answer is because of tracks that are gone: Ion adds a section for each track, and uses none again.
 * A new peer has only those of the tracks that there are. 0, or from 0.75 on.
 */
export function answerSaturation(answer: string, maxLength: number = LIMITS.maxSdpLength): number {
  const sections = answer.split('\nm=').length - 1;
  const share = nearness(Math.max(answer.length / maxLength, sections / LIMITS.maxMids));
  return share > 0 && answer.split('\na=inactive').length > sections / 2 ? share : 0;
}

/** The nearer, the sooner. */
export function rejoinSoon(peer: number, saturation: number): RejoinNotice {
  const reason = 'The peer connections have nearly as many media sections as they can have.';
  const withinMs = (REJOIN_WITHIN_MS * Math.max(0, 1 - saturation)) / (1 - NEAR);
  return { peer, afterMs: Math.round(Math.random() * withinMs), reason };
}

function nearness(share: number): number {
  return share > NEAR ? share : 0;
}
