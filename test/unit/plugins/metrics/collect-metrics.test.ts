import {
  AggregatorRegistry,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  Registry,
  register,
} from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous, SfuRelay, type SfuRelayOptions } from '../../../../src/index.js';
import { collectMetrics, type MetricsOptions } from '../../../../src/plugins/metrics/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../../src/testing/index.js';
import { parseExposition } from '../../../support/exposition.js';
import { until } from '../../../support/poll.js';

describe('collectMetrics', () => {
  let sfu: ScriptedSfu;
  let registry: Registry;
  const relays: SfuRelay[] = [];

  beforeEach(async () => {
    sfu = await startScriptedSfu();
    registry = new Registry();
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.close()));
    await sfu.stop();
    register.clear();
  });

  function startRelay(options: Partial<SfuRelayOptions> = {}): SfuRelay {
    const relay = new SfuRelay({
      sfu: { serverUrl: sfu.address, probeOnStart: false },
      authenticate: anonymous(),
      healthTimeoutMs: 300,
      ...options,
    });
    relays.push(relay);
    return relay;
  }

  const join = (relay: SfuRelay, params: object = {}) =>
    relay.createSession({ roomId: 'lobby', userId: 'alice', sdp: fakeOffer(), ...params });

  const scrape = async (of = registry) => parseExposition(await of.metrics());

  async function sampleOf(sample: string): Promise<number | undefined> {
    const [name = ''] = sample.split('{');
    return (await scrape()).get(name)?.samples.get(sample);
  }

  test('shows what there is', async () => {
    const relay = startRelay();
    collectMetrics(relay, { registry });
    const tracks = [
      { kind: 'audio', streamId: 's', trackId: 'a' },
      { kind: 'video', streamId: 's', trackId: 'v' },
    ] as const;
    await join(relay, { userId: 'ada', sdp: fakeOffer(tracks) });
    await join(relay, { role: 'subscriber' });
    await join(relay, { roomId: 'attic', principal: { grants: { hidden: true, canPublish: false } } });

    const families = await scrape();
    const shown = (name: string) => Object.fromEntries(families.get(`sfu_relay_${name}`)?.samples ?? []);
    expect(shown('sessions')).toMatchObject({
      'sfu_relay_sessions{role="publisher",state="joined"}': 1,
      'sfu_relay_sessions{role="subscriber",state="joined"}': 2,
      'sfu_relay_sessions{role="subscriber",state="joining"}': 0,
    });
    expect(shown('participants')).toEqual({ sfu_relay_participants: 2 });
    expect(shown('audience')).toEqual({ sfu_relay_audience: 0 });
    expect(shown('rooms')).toEqual({ sfu_relay_rooms: 2 });
    expect(shown('largest_room_sessions')).toEqual({ sfu_relay_largest_room_sessions: 2 });
    expect(shown('tracks')).toEqual({
      'sfu_relay_tracks{kind="audio"}': 1,
      'sfu_relay_tracks{kind="video"}': 1,
    });
    expect(shown('sfu_streams')).toEqual({ sfu_relay_sfu_streams: 3 });
    expect(shown('sfu_connections')).toEqual({ sfu_relay_sfu_connections: 1 });
    expect(shown('joins_total')['sfu_relay_joins_total{outcome="ok"}']).toBe(3);
  });

  test('shows the nodes of the SFU, and what happens to their sessions', async () => {
    const other = await startScriptedSfu();
    const nodes = { one: sfu.address, other: other.address };
    const relay = startRelay({
      sfu: { mode: 'cluster', clusterNodes: Object.values(nodes), loadBalanceMethod: 'roundrobin' },
    });
    collectMetrics(relay, { registry, probeSfu: false });
    const session = await join(relay, { roomId: 'attic' });
    await join(relay, { roomId: 'lobby' });
    session.on('rejoin', () => {});
    const of = (name: string, node: string) => sampleOf(`sfu_relay_sfu_node_${name}{node="${node}"}`);
    for (const node of Object.values(nodes)) {
      expect(await of('up', node)).toBe(1);
      // A probe is a stream, too.
      await until('there is one session', async () => (await of('streams', node)) === 1);
      expect(await of('rooms', node)).toBe(1);
    }
    expect(await sampleOf('sfu_relay_node_failures_total')).toBe(0);

    await other.stop();
    await sfu.stop();
    await until('both are down', () => relay.nodes.every(({ state }) => state === 'down'));
    for (const node of Object.values(nodes)) expect(await of('up', node)).toBe(0);
    expect(await sampleOf('sfu_relay_node_failures_total')).toBe(2);
    await session.close();
    expect(await sampleOf('sfu_relay_interruptions_total{outcome="left"}')).toBe(1);
  });

  test('shows the sessions whose clients have no connection, and how they go on', async () => {
    const relay = startRelay();
    collectMetrics(relay, { registry, probeSfu: false });
    const sessions = [await join(relay), await join(relay), await join(relay)];
    for (const { presence } of sessions)
      presence.detach({ reason: 'It broke.', graceMs: 60_000, onExpired: () => {} });
    expect(await sampleOf('sfu_relay_detached_sessions')).toBe(3);
    sessions[0]?.presence.attach('resumed');
    sessions[1]?.presence.attach('snapshot');
    await sessions[2]?.close();
    expect(await sampleOf('sfu_relay_detached_sessions')).toBe(0);
    for (const outcome of ['resumed', 'snapshot', 'left'])
      expect(await sampleOf(`sfu_relay_resumptions_total{outcome="${outcome}"}`)).toBe(1);
    expect(await sampleOf('sfu_relay_resumptions_total{outcome="expired"}')).toBe(0);
    const durations = (await scrape()).get('sfu_relay_detached_duration_seconds');
    expect(durations?.samples.get('sfu_relay_detached_duration_seconds_count')).toBe(2);
  });

  test('shows how many viewers are counted instead of listed, in all rooms', async () => {
    const relay = startRelay({ maxListedParticipants: 1 });
    collectMetrics(relay, { registry });
    for (const roomId of ['lobby', 'attic']) {
      await join(relay, { roomId, sdp: fakeOffer([{ kind: 'audio', streamId: 's', trackId: 'a' }]) });
      for (const userId of ['bob', 'eve', 'mallory'])
        await join(relay, { roomId, userId, role: 'subscriber' });
    }
    expect(await sampleOf('sfu_relay_participants')).toBe(8);
    expect(await sampleOf('sfu_relay_audience')).toBe(6);
  });

  test('shows what was counted before it was called, and what is counted after', async () => {
    const relay = startRelay();
    await join(relay);
    collectMetrics(relay, { registry });
    expect(await sampleOf('sfu_relay_joins_total{outcome="ok"}')).toBe(1);
    await join(relay);
    expect(await sampleOf('sfu_relay_joins_total{outcome="ok"}')).toBe(2);
    registry.resetMetrics();
    expect(await sampleOf('sfu_relay_joins_total{outcome="ok"}')).toBe(2);
  });

  test('tells by a probe whether the SFU answers; one probe for each scrape', async () => {
    collectMetrics(startRelay(), { registry });
    const before = sfu.totalStreams;
    expect(await sampleOf('sfu_relay_sfu_up')).toBe(1);
    expect(sfu.totalStreams).toBe(before + 1);
    await sfu.stop();
    expect(await sampleOf('sfu_relay_sfu_up')).toBe(0);
    expect(await sampleOf('sfu_relay_sfu_probe_duration_seconds')).toBeGreaterThanOrEqual(0);
  });

  test('probes nothing where it is told not to', async () => {
    collectMetrics(startRelay(), { registry, probeSfu: false });
    expect((await scrape()).get('sfu_relay_sfu_up')?.samples.size).toBe(0);
    expect(sfu.totalStreams).toBe(0);
  });

  test("is in prom-client's global registry by default, under a prefix of one's own", async () => {
    collectMetrics(startRelay(), { prefix: 'live_' });
    const names = [...(await scrape(register)).keys()];
    expect(names).toContain('live_rooms');
    expect(names.every((name) => name.startsWith('live_'))).toBe(true);
  });

  test('goes into a registry of OpenMetrics', async () => {
    const open = new Registry<OpenMetricsContentType>();
    open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const collection = collectMetrics(startRelay(), { registry: open });
    for (let scrapes = 0; scrapes < 2; scrapes += 1) {
      const text = await open.metrics();
      expect(text).toContain('# TYPE sfu_relay_joins counter\n');
      expect(text).toContain('sfu_relay_joins_total{outcome="ok"} 0\n');
      expect(text).toMatch(/# EOF\n$/);
    }
    collection.stop();
    expect(open.getMetricsAsArray()).toEqual([]);
  });

  test("stands beside the app's own figures", async () => {
    const theirs = { name: 'app_seconds', help: 'Of the app.', labelNames: ['path'], registers: [registry] };
    new Histogram(theirs).observe({ path: '/' }, 0.2);
    collectMetrics(startRelay(), { registry });
    const families = await scrape();
    expect(families.get('app_seconds')?.samples.get('app_seconds_count{path="/"}')).toBe(1);
    expect(families.get('sfu_relay_sfu_up')?.samples.get('sfu_relay_sfu_up')).toBe(1);
  });

  test('can be put together from several processes', async () => {
    const relay = startRelay();
    collectMetrics(relay, { registry });
    await join(relay);
    const ofOne = await registry.getMetricsAsJSON();
    await sfu.stop();
    const ofOther = await registry.getMetricsAsJSON();
    const together = AggregatorRegistry.aggregate([ofOne, ofOther]);
    const families = parseExposition(await together.metrics());
    const [up] = families.get('sfu_relay_sfu_up')?.samples.values() ?? [];
    expect(up).toBe(0);
    const joins = families.get('sfu_relay_joins_total')?.samples.get('sfu_relay_joins_total{outcome="ok"}');
    expect(joins).toBe(2);
  });

  describe('several relays in one registry', () => {
    test('are told apart by their labels', async () => {
      const [one, two] = [startRelay(), startRelay()];
      collectMetrics(one, { registry, labels: { relay: 'one' } });
      const second = collectMetrics(two, { registry, labels: { relay: 'two' } });
      await join(two);
      const rooms = async () => [...((await scrape()).get('sfu_relay_rooms')?.samples ?? [])];
      expect(await rooms()).toEqual([
        ['sfu_relay_rooms{relay="one"}', 0],
        ['sfu_relay_rooms{relay="two"}', 1],
      ]);
      second.stop();
      expect(await rooms()).toEqual([['sfu_relay_rooms{relay="one"}', 0]]);
    });

    test('need other labels, or another prefix', () => {
      collectMetrics(startRelay(), { registry });
      expect(() => collectMetrics(startRelay(), { registry })).toThrow(
        'The registry has a relay with these labels already: give each its own, { labels: { relay: "eu-1" } }.',
      );
      collectMetrics(startRelay(), { registry, prefix: 'other_' });
      collectMetrics(startRelay(), { registry, labels: { relay: 'two' } });
    });
  });

  describe('ends', () => {
    test('when it is stopped, as often as one likes, and can begin anew', () => {
      const relay = startRelay();
      const collection = collectMetrics(relay, { registry });
      collection.stop();
      collection.stop();
      expect(registry.getMetricsAsArray()).toEqual([]);
      const again = collectMetrics(relay, { registry });
      collection.stop();
      expect(registry.getMetricsAsArray()).not.toEqual([]);
      again.stop();
    });

    test('when the relay has closed', async () => {
      const relay = startRelay();
      collectMetrics(relay, { registry });
      const session = await join(relay);
      session.on('close', () => expect(registry.getMetricsAsArray()).not.toEqual([]));
      await relay.close();
      expect(registry.getMetricsAsArray()).toEqual([]);
      expect(() => collectMetrics(relay, { registry })).toThrow('The relay is closing.');
    });

    test('and leaves the metrics of others where they are', async () => {
      const collection = collectMetrics(startRelay(), { registry });
      registry.clear();
      const mine = new Gauge({ name: 'sfu_relay_rooms', help: 'Mine.', registers: [registry] });
      collection.stop();
      expect(registry.getSingleMetric('sfu_relay_rooms')).toBe(mine);
      collectMetrics(startRelay(), { registry, prefix: 'again_' });
      expect((await scrape()).get('again_rooms')?.samples.get('again_rooms')).toBe(0);
    });
  });

  test.each<[object | null, string]>([
    [null, 'collectMetrics() needs an object: write collectMetrics(relay, { registry }).'],
    [{ register }, 'collectMetrics() takes no "register". Did you mean "registry"?'],
    [{ registry: {} }, '"registry" must be one of prom-client: new Registry().'],
    [{ prefix: '' }, '"prefix" must be letters, digits and "_", such as "sfu_relay_".'],
    [{ prefix: 'sfu-relay-' }, '"prefix" must be letters'],
    [{ labels: ['eu'] }, '"labels" must be an object: { relay: "eu-1" }.'],
    [{ labels: { 'my-relay': 'a' } }, '"labels" has "my-relay": name labels by letters, digits and "_".'],
    [{ labels: { __name__: 'a' } }, '"labels" has "__name__"'],
    [{ labels: { code: 'a' } }, '"labels" has "code", which metrics of the relay have: name it otherwise.'],
    [{ labels: { relay: 5 } }, '"labels.relay" must be a string.'],
    [{ probeSfu: 'no' }, '"probeSfu" must be true or false.'],
  ])('refuses %j, with advice, and registers nothing', (options, advice) => {
    let message = '';
    try {
      collectMetrics(startRelay(), options as MetricsOptions);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_RELAY_CONFIG' });
      message = (error as Error).message;
    }
    expect(message).toContain(advice);
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  test('refuses what is no relay, and a name that is taken', () => {
    expect(() => collectMetrics({} as SfuRelay)).toThrow('collectMetrics() needs an SfuRelay');
    new Gauge({ name: 'sfu_relay_rooms', help: 'Mine.', registers: [registry] });
    expect(() => collectMetrics(startRelay(), { registry })).toThrow(
      'The registry has another metric "sfu_relay_rooms" already: choose a "prefix" for this one.',
    );
    expect(registry.getMetricsAsArray()).toHaveLength(1);
  });
});
