import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { HealthClient } from '../../support/health-client.js';
import { IonPeer } from '../../support/ion-peer.js';
import { until } from '../../support/poll.js';
import { ProductionIon } from '../../support/production-ion.js';
import { describeReal } from '../../support/real.js';

const OK = 0;
const UNAVAILABLE = 14;
const cleanUp: (() => unknown)[] = [];

describeReal(['ion'], 'a production Ion that is told to stop', () => {
  let ion: ProductionIon;
  let health: HealthClient;

  async function start(stopTimeout: string): Promise<void> {
    const started = await ProductionIon.start({ flags: ['-stop-timeout', stopTimeout] });
    const client = new HealthClient(started.address);
    cleanUp.push(
      () => started.stop(),
      () => client.close(),
    );
    [ion, health] = [started, client];
  }

  async function joined(user: string): Promise<IonPeer> {
    const peer = new IonPeer(ion.address);
    cleanUp.push(() => peer.close());
    await peer.probe();
    peer.join('lobby', user, fakeOffer());
    expect((await peer.take('join')).success).toBe(true);
    return peer;
  }

  beforeEach(() => start('60s'));
  afterEach(async () => {
    for (const close of cleanUp.splice(0).reverse()) await close();
  });

  test('says NOT_SERVING, refuses new streams, and ends when the others have ended', async () => {
    const peer = await joined('alice');
    const watch = health.watch();
    watch.on('error', () => {});
    expect(await once(watch, 'data')).toEqual(['SERVING']);

    const changed = once(watch, 'data');
    ion.signal('SIGTERM');
    expect(await changed).toEqual(['NOT_SERVING']);
    expect(await health.check('rtc.RTC')).toBe('NOT_SERVING');
    await until('new streams are refused', async () => {
      const late = new IonPeer(ion.address);
      const { code } = await late.ended;
      late.close();
      return code === UNAVAILABLE;
    });
    expect((await fetch(`${ion.metricsUrl}/healthz`)).status).toBe(503);
    expect(await ion.metric('ion_streams_refused_total')).toBeGreaterThan(0);

    peer.send({ $case: 'subscription', value: { subscriptions: [] } });
    expect((await peer.take('subscription')).success).toBe(true);
    expect(ion.alive()).toBe(true);
    peer.leave();
    expect((await peer.ended).code).toBe(OK);
    await ion.ended();
    expect(ion.exitCode).toBe(0);
  });

  test('ends the streams that are left when its time is over', async () => {
    await start('1s');
    const peer = await joined('alice');
    ion.signal('SIGTERM');
    await ion.ended();
    expect(ion.exitCode).toBe(0);
    expect(ion.log).toContain('1 streams have not ended');
    expect((await peer.ended).code).toBe(UNAVAILABLE);
  });

  test('ends at once at the second signal', async () => {
    const peer = await joined('alice');
    ion.signal('SIGTERM');
    await until('it waits', () => ion.log.includes('waiting up to 1m0s'));
    ion.signal('SIGTERM');
    await ion.ended();
    expect(ion.exitCode).toBe(0);
    expect((await peer.ended).code).toBe(UNAVAILABLE);
  });

  test('ends at once when nobody is there', async () => {
    ion.signal('SIGINT');
    await ion.ended();
    expect(ion.exitCode).toBe(0);
  });
});
