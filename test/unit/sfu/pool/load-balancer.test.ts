import { expect, test } from 'vitest';
import { LoadBalancer } from '../../../../src/sfu/pool/load-balancer.js';

const node = (name: string, weight = 1, load = 0) => ({ name, weight, load });

function choices(
  method: 'random' | 'roundrobin' | 'leastconn',
  nodes: ReturnType<typeof node>[],
  count: number,
) {
  const balancer = new LoadBalancer<ReturnType<typeof node>>(method);
  return Array.from({ length: count }, () => {
    const chosen = balancer.choose(nodes);
    chosen.load += 1;
    return chosen.name;
  });
}

const shares = (names: string[]) =>
  Object.fromEntries(
    [...new Set(names)].sort().map((name) => [name, names.filter((each) => each === name).length]),
  );

test('roundrobin takes turns, in proportion to the weights, and spreads a heavy node', () => {
  const turns = choices('roundrobin', [node('a'), node('b'), node('c')], 6);
  expect(turns.slice(3)).toEqual(turns.slice(0, 3));
  expect(new Set(turns).size).toBe(3);
  const weighted = choices('roundrobin', [node('a', 3), node('b')], 8);
  expect(shares(weighted)).toEqual({ a: 6, b: 2 });
  expect(weighted.join('')).not.toContain('aaaa');
});

test('of many balancers, not all begin with the same node', () => {
  const first = Array.from({ length: 50 }, () => choices('roundrobin', [node('a'), node('b')], 1)[0]);
  expect(new Set(first).size).toBe(2);
});

test('where many processes choose, leastconn takes the better of two nodes at random', () => {
  const nodes = Array.from({ length: 100 }, (_, n) => node(`${n}`, 1, n));
  const balancer = new LoadBalancer<ReturnType<typeof node>>('leastconn');
  const chosen = Array.from({ length: 200 }, () => balancer.choose(nodes, 11).load);
  expect(new Set(chosen).size).toBeGreaterThan(20);
  // The mean of the lesser of two is a third, that of one of them would be a half.
  const mean = chosen.reduce((sum, load) => sum + load, 0) / chosen.length;
  expect(mean).toBeGreaterThan(20);
  expect(mean).toBeLessThan(45);
});

test('leastconn chooses the least loaded node, in proportion to the weights', () => {
  expect(shares(choices('leastconn', [node('a'), node('b'), node('c')], 300))).toEqual({
    a: 100,
    b: 100,
    c: 100,
  });
  expect(shares(choices('leastconn', [node('a', 2), node('b')], 300))).toEqual({ a: 200, b: 100 });
  expect(choices('leastconn', [node('a', 1, 5), node('b', 1, 3)], 1)).toEqual(['b']);
});

test('random gives each node its share', () => {
  const { a = 0, b = 0 } = shares(choices('random', [node('a', 3), node('b')], 4_000));
  // Nine standard deviations of the binomial distribution.
  expect(Math.abs(a - 3_000)).toBeLessThan(250);
  expect(a + b).toBe(4_000);
});
