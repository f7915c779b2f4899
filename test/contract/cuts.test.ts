import { expect, test } from 'vitest';
import { cuts } from '../cuts/campaign.js';

/** The long form: `npm run cuts`. */
const SEEDS = 200;

test('of connections that break at every frame nothing is lost, nothing comes twice, and all in its order', {
  timeout: 120_000,
}, async () => {
  const { failed, scenes, breaks, resumptions, snapshots } = await cuts({ seeds: SEEDS });
  expect(failed).toEqual([]);
  expect(scenes).toBe(SEEDS);
  expect(breaks).toBeGreaterThan(3 * SEEDS);
  expect(resumptions).toBeGreaterThan(3 * SEEDS);
  expect(snapshots).toBeGreaterThan(10);
});
