import type { DrillReport, StepReport } from './drill.js';

/** What viewers may notice. */
export const LIMITS = {
  /** ms of a gap between frames, beyond the longest one while nothing happens. */
  gapMs: 300,
  /** ms of silence in a chord that sounds all the time. */
  silenceMs: 300,
  /** Of its level, compared with the usual one: heard twice at a time it is at 1.4. */
  level: 1.25,
  /** ms until a publisher with ion-sdk-js, which has to join again, has done so. */
  ionReturnMs: 3_000,
  /** ms until its viewers see it again: an ordinary join, its ICE and a key frame later. */
  ionGapMs: 5_000,
};

/** The limits that a drill has exceeded, as sentences. */
export function faultsOf({ steps, chat, faults }: DrillReport): string[] {
  const usual = steps.filter(({ kind }) => kind === 'usual').flatMap(gapsOf);
  return [
    ...steps.flatMap((step) => stepFaults(step, Math.max(...usual))),
    ...chat.lost.map((each) => `lost: ${each}`),
    ...chat.doubled.map((each) => `doubled: ${each}`),
    ...chat.reordered.map((each) => `out of order: ${each}`),
    ...faults,
  ];
}

function gapsOf({ noticed }: StepReport): number[] {
  return noticed.map(({ gapMs }) => gapMs);
}

function stepFaults(step: StepReport, usualMs: number): string[] {
  const { name, noticed, ionGapMs = 0, ionReturnsMs, departures, faults } = step;
  const found = faults.map((fault) => `${name}: ${fault}`);
  for (const ms of ionReturnsMs)
    if (ms > LIMITS.ionReturnMs) found.push(`${name}: a publisher with ion-sdk-js was away for ${ms} ms`);
  if (ionGapMs > usualMs + LIMITS.ionGapMs)
    found.push(`${name}: a viewer of ion-sdk-js has seen nothing for ${ionGapMs} ms`);
  for (const { user, gapMs, sound, events } of noticed) {
    if (gapMs > usualMs + LIMITS.gapMs) found.push(`${name}: ${user} has seen nothing for ${gapMs} ms`);
    if (sound && sound.silenceMs > LIMITS.silenceMs)
      found.push(`${name}: ${user} has heard nothing for ${sound.silenceMs} ms`);
    if (sound && !Number.isFinite(sound.loudest)) found.push(`${name}: ${user} has heard nothing at all`);
    if (sound && sound.loudest > LIMITS.level)
      found.push(`${name}: ${user} has heard ${sound.loudest} of the usual level`);
    found.push(...events.map((event) => `${name}: ${user} has noticed: ${event}`));
  }
  found.push(...departures.map((each) => `${name}: somebody was told: ${each}`));
  return found;
}
