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
  expect(choices('roundrobin', [node('a'), node('b'), node('c')], 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  const weighted = choices('roundrobin', [node('a', 3), node('b')], 8);
  expect(shares(weighted)).toEqual({ a: 6, b: 2 });
  expect(weighted.join('')).not.toContain('aaaa');
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
