import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { REDIS_PACKAGES } from '../../support/redis-clients.js';
import { note } from '../backplane-suites/stage.js';
import { notesOf, RedisStage, seat } from './stage.js';

/** As long as the text of one piece of a forwarded stream may be. */
const LONG = 'x'.repeat(256 * 1024);

describeReal(['redis'], 'a process that does not read what is published as fast as it comes', () => {
  let stage: RedisStage;
  beforeEach(async () => {
    stage = await RedisStage.start(['--client-output-buffer-limit', 'pubsub', '1mb', '1mb', '0']);
  });
  afterEach(() => stage.stop());

  test.each(REDIS_PACKAGES)(
    'is cut off by Redis, subscribes again, and has everything of its rooms once, in order (%s)',
    async (name) => {
      const proxy = await stage.proxy();
      const near = await stage.peer('p-1', name);
      const far = await stage.peer('p-2', name, proxy.url);
      await near.log.commit(seat('of-1'));
      const subscriptions = async () =>
        String(await stage.redis('CLIENT', 'LIST', 'TYPE', 'pubsub'))
          .trim()
          .split('\n').length;
      expect(await subscriptions()).toBe(2);

      expect(proxy.pause('SUBSCRIBE')).toBe(1);
      let sent = 0;
      while ((await subscriptions()) === 2) {
        const texts = Array.from({ length: 8 }, () => `${++sent} ${LONG}`);
        await Promise.all(texts.map((text) => near.backplane.send('p-2', text)));
        await near.log.append('of-1', note(`note ${sent}`));
        await near.log.commit(seat(`of-${sent}`));
      }
      proxy.resume();

      await eventually(() => expect(notesOf(far)).toEqual(notesOf(near)));
      await eventually(() => expect(far.news.slice(1)).toEqual(near.news.slice(1)));
      await eventually(async () => {
        await near.backplane.send('p-2', 'afterwards');
        expect(far.texts).toContain('afterwards');
      });
      const numbers = far.texts.map((text) => Number.parseInt(text, 10)).filter((n) => n > 0);
      // What Redis had not sent yet is lost, as it is where a subscription is cut: who has asked gets no answer.
      expect(numbers.length).toBeLessThan(sent);
      expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
      expect(far.backplane.status).toEqual({ commands: 'up', subscription: 'up' });
      expect(far.membership.lost.aborted).toBe(false);
    },
  );
});
