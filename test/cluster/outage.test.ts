import { expect, test } from 'vitest';
import { describeReal } from '../support/real.js';
import { outage } from './outage.js';

const UNAVAILABLE = 'ERR_RELAY_UNAVAILABLE (retryable)';

// For as long as you like: npm run outage.
describeReal(['ion', 'redis'], 'relays whose Redis is away', () => {
  test.each(['killed', 'silent'] as const)(
    'keep all sessions, go on within each process, and agree again when it is back (%s)',
    async (fault) => {
      const { outcomes, kicked, disturbed, heard, missed } = await outage({ awayMs: 6_000, fault });
      expect(disturbed).toEqual([]);
      expect(outcomes.ping).toEqual(['ok']);
      expect(outcomes.chat).toEqual(['ok']);
      expect(outcomes.kick).toEqual(['ok']);
      for (const each of outcomes.join) expect(each).toContain(UNAVAILABLE);
      expect(outcomes.health.at(-1)).toBe('{"status":"unavailable"}');
      expect(kicked).toBe(4403);
      expect(heard).toHaveLength(1);
      expect(missed).toEqual([]);
    },
    90_000,
  );
});
