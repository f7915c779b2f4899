import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DESIGN, TIMES } from '../../../../bench/simulate/design.js';
import { METHODS, place } from '../../../../bench/simulate/placement.js';
import { calculate } from '../../../../bench/simulate/simulation.js';
import { LoadBalancer } from '../../../../src/sfu/pool/load-balancer.js';
import { Pacer } from '../../../../src/sfu/pool/pacer.js';

const published = JSON.parse(
  readFileSync(new URL('../../../../bench/results/published/simulation.json', import.meta.url), 'utf8'),
);

test('the published simulation is that of this code: otherwise, npm run simulate', () => {
  const { placement, herd, ...calculated } = published;
  expect(JSON.parse(JSON.stringify(calculate(Pacer)))).toEqual(calculated);
  expect([placement.length, herd.length]).toEqual([METHODS.length, 4]);
  const leastconn = placement.find(({ method }: { method: string }) => method === 'leastconn');
  expect(place(LoadBalancer, DESIGN, 'leastconn', TIMES.card)).toEqual(leastconn);
});

const small = { ...DESIGN, sessions: 20_000, nodes: 40, processes: 20, maxStreams: 1_000, rampS: 120 };

test.each(METHODS)(
  'with %s, each session is on a node or was refused, and no node is beyond its limit',
  (method) => {
    const { loads, refused, greatestLoad } = place(LoadBalancer, small, method, TIMES.card);
    const sum = loads.reduce((total: number, each: number) => total + each, 0);
    expect(sum + Math.round(refused * small.sessions)).toBe(small.sessions);
    expect(Math.max(...loads)).toBeLessThanOrEqual(small.maxStreams);
    expect(greatestLoad).toBeGreaterThanOrEqual(1);
  },
);

test('the more processes share the rooms, the more leases Redis is asked for', () => {
  const { redisByProcesses } = calculate(Pacer);
  const scripts = redisByProcesses.map(
    ({ scriptsOfProcessesS }: { scriptsOfProcessesS: number }) => scriptsOfProcessesS,
  );
  expect(scripts).toEqual([...scripts].sort((one, other) => one - other));
});
