import { LIMITS } from '../protocol/limits.js';
import type { RejoinNotice } from '../protocol/types.js';

/** The share of a limit that counts as near: a room with many viewers needs time to replace all their peers. */
const NEAR = 0.75;
/** Viewers of a room approach a limit together: their rejoins are spread over this time. */
const REJOIN_WITHIN_MS = 5_000;

/** How near a session's number of offered media sections is to its limit: 0, or from 0.75 to 1. */
export function midSaturation(count: number): number {
  return nearness(count / LIMITS.maxMids);
}

/**
 * How near an answer is to a limit because of ended tracks: 0, or from 0.75 to 1. Ion adds a section for each track and reuses
 * none; a new peer has sections only for the current tracks.
 */
export function answerSaturation(answer: string, maxLength: number = LIMITS.maxSdpLength): number {
  const sections = answer.split('\nm=').length - 1;
  const share = nearness(Math.max(answer.length / maxLength, sections / LIMITS.maxMids));
  return share > 0 && answer.split('\na=inactive').length > sections / 2 ? share : 0;
}

/** Asks for a rejoin, the sooner the nearer the limit is. */
export function rejoinSoon(peer: number, saturation: number): RejoinNotice {
  const reason = 'The peer connections have nearly as many media sections as they can have.';
  const withinMs = (REJOIN_WITHIN_MS * Math.max(0, 1 - saturation)) / (1 - NEAR);
  return { peer, afterMs: Math.round(Math.random() * withinMs), reason };
}

function nearness(share: number): number {
  return share > NEAR ? share : 0;
}
