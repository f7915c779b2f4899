/** Rooms that begin and fill on many nodes, placed by many processes, of which each knows the others' streams late. */
import { quantile, withSeed } from './random.js';

const TICK_MS = 100;
const FILLING_S = 60;
/** What `leastconn` would be without its choice of two. */
export const LEAST_OF_ALL = 'least of all';
/** @type {('random' | 'roundrobin' | 'least of all' | 'leastconn')[]} */
export const METHODS = ['random', 'roundrobin', LEAST_OF_ALL, 'leastconn'];

/** Sizes of rooms: many small ones and few large ones, whose sum is the number of sessions. */
function roomSizes({ sessions, rooms: { mean, largest } }) {
  const sizes = [];
  for (let sum = 0; sum < sessions; sum += sizes.at(-1)) {
    // A Pareto distribution of this mean, but for its end.
    const size = Math.round((mean * 0.25) / (1 - Math.random()) ** 0.8);
    sizes.push(Math.min(Math.max(1, size), largest, sessions - sum));
  }
  return sizes;
}

/** The room of each join, tick by tick. */
function arrivals(sizes, { rampS }) {
  const ticks = Array.from({ length: ((rampS + FILLING_S) * 1_000) / TICK_MS + 1 }, () => []);
  for (const [room, size] of sizes.entries()) {
    const begin = Math.random() * rampS;
    for (let n = 0; n < size; n += 1) {
      const at = begin + (n === 0 ? 0 : Math.random() * FILLING_S);
      ticks[Math.floor((at * 1_000) / TICK_MS)].push(room);
    }
  }
  return ticks;
}

/**
 * @param {typeof import('../../src/sfu/pool/load-balancer.js').LoadBalancer} LoadBalancer the library's own
 * @param {object} design
 * @param {'random' | 'roundrobin' | 'leastconn' | 'least of all'} method
 * @param {number} cardMs how old what a process knows of the others may be
 */
export function place(LoadBalancer, design, method, cardMs) {
  return withSeed(design.seed, () => run(LoadBalancer, design, method, cardMs));
}

function run(LoadBalancer, design, method, cardMs) {
  const sizes = roomSizes(design);
  const ticks = arrivals(sizes, design);
  const streams = new Int32Array(design.nodes);
  const nodeOf = new Int32Array(sizes.length).fill(-1);
  /** As the cards say. */
  const nodes = Array.from(streams, (_, index) => ({ index, weight: 1, load: 0 }));
  /** What each process has added since the last cards. */
  const own = Array.from({ length: design.processes }, () => new Map());
  const isLeast = method === LEAST_OF_ALL;
  const balancers = Array.from(own, () => new LoadBalancer(isLeast ? 'leastconn' : method));
  let refused = 0;
  for (const [tick, rooms] of ticks.entries()) {
    if ((tick * TICK_MS) % cardMs === 0) {
      for (const node of nodes) node.load = streams[node.index];
      for (const each of own) each.clear();
    }
    for (const room of rooms) {
      const process = Math.floor(Math.random() * design.processes);
      if (nodeOf[room] < 0) {
        for (const [index, count] of own[process]) nodes[index].load += count;
        // As placements.ts: a full node gets no new rooms.
        const usable = nodes.filter(({ load }) => load < design.maxStreams);
        nodeOf[room] = balancers[process].choose(usable, isLeast ? 1 : design.processes).index;
        for (const [index, count] of own[process]) nodes[index].load -= count;
      }
      const index = nodeOf[room];
      if (streams[index] >= design.maxStreams) refused += 1;
      else {
        streams[index] += 1;
        own[process].set(index, (own[process].get(index) ?? 0) + 1);
      }
    }
  }
  const mean = streams.reduce((sum, each) => sum + each, 0) / design.nodes;
  const share = (value) => Number((value / mean).toFixed(2));
  return {
    method,
    processes: design.processes,
    cardMs,
    rooms: sizes.length,
    leastLoad: share(Math.min(...streams)),
    p99Load: share(quantile(streams, 0.99)),
    greatestLoad: share(Math.max(...streams)),
    refused: Number((refused / design.sessions).toFixed(6)),
    loads: [...streams]
      .sort((one, other) => one - other)
      .filter((_, n) => n % Math.ceil(design.nodes / 50) === 0),
  };
}
