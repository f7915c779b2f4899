import { test } from 'vitest';
import { startIon } from '../support/ion.js';
import type { ClientLibrary } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { useStage } from '../support/stage.js';

// Ion does not acknowledge Chromium's padding of VP8: with transport-wide feedback the estimate falls to 100 kbit/s.
describeReal(['chromium', 'ion'], 'the bandwidth of a publisher, on Ion v1.10.0', () => {
  const stage = useStage(startIon);

  test.each<ClientLibrary>(['sfu-relay/client', 'ion-sdk-js'])('grows with %s', async (library) => {
    const publisher = await stage.enter('publisher', { library });
    const viewer = await stage.enter('viewer');
    await viewer.sees(await publisher.publishCamera());

    await until(
      'the browser estimates more than 500 kbit/s',
      async () => {
        const estimate = await publisher.bandwidth();
        if (estimate < 500_000) throw new Error(`${estimate} bit/s`);
        return true;
      },
      { timeoutMs: 60_000, intervalMs: 500 },
    );
  });
});
