import { expect, test } from 'vitest';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant, OpenTab } from '../support/participant.js';
import { describeReal } from '../support/real.js';
import { useStage } from '../support/stage.js';

const TIMES = 10;

// A stopped transceiver leaves its section to the next one, which gives it another mid and another source.
describeReal(
  ['ion', 'chromium', 'firefox'],
  'a camera that is switched on and off, with its microphone',
  () => {
    const stage = useStage(startIon);

    test.each(['Chromium', 'Firefox'])(
      'in %s: it is seen each time, in sections that the browser uses again',
      async (browser) => {
        const viewer = await stage.enter('viewer', { role: 'subscriber' });
        const publisher = await (browser === 'Chromium'
          ? stage.enter('publisher')
          : stage.enterByFirefox('publisher'));
        const mids = new Set<string>();
        for (let n = 0; n < TIMES; n += 1) {
          const camera = await publisher.publishCamera();
          await viewer.sees(camera);
          const offered = [...(await lastOffer(publisher)).matchAll(/^a=mid:.+/gm)].map(([mid]) => mid);
          expect(offered).toHaveLength(3);
          for (const mid of offered) mids.add(mid);
          await publisher.unpublish(camera);
        }
        expect(mids.size).toBe(1 + 2 * TIMES);
      },
    );
  },
);

function lastOffer({ tab }: BrowserParticipant<OpenTab>): Promise<string> {
  return tab.page.evaluate(() => window.client.publisher?.localDescription?.sdp ?? '');
}
