import { vi } from 'vitest';

export const HOUR_MS = 3_600_000;

/** Both directions in which a system's clock is set. */
export const STEPS: [direction: string, stepMs: number][] = [
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
];

const dateNow = Date.now;
const performanceNow = performance.now.bind(performance);
let steppedMs = 0;
let passedMs = 0;

/** Sets the system's clock, as an administrator or NTP would. */
export function stepClock(stepMs: number): void {
  steppedMs += stepMs;
  mockClocks();
}

/** Time goes by, for those who ask how late it is: no timer fires. */
export function passTime(ms: number): void {
  passedMs += ms;
  mockClocks();
}

/** The clocks are right again. */
export function resetClocks(): void {
  steppedMs = 0;
  passedMs = 0;
  vi.restoreAllMocks();
}

function mockClocks(): void {
  vi.spyOn(Date, 'now').mockImplementation(() => dateNow() + steppedMs + passedMs);
  vi.spyOn(performance, 'now').mockImplementation(() => performanceNow() + passedMs);
}
