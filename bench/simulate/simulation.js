/** All that is simulated, as one report; the same for the same design. */
import { lineChart } from './chart.js';
import { DESIGN, REDIS, RELAY, TIMES } from './design.js';
import { drain, nodeLoss, openRoomsOf, processLoss } from './failures.js';
import { LEAST_OF_ALL, METHODS, place } from './placement.js';
import { redisLoad } from './redis-load.js';

const SIZES = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
const PROCESSES = [2, 5, 10, 20, 50, 100, 200, 500];

/**
 * @param library the library's own LoadBalancer and Pacer
 * @param {object} [design] for a smaller run
 */
export function simulate({ LoadBalancer, Pacer }, design = DESIGN) {
  return {
    ...calculate(Pacer, design),
    placement: METHODS.map((method) => place(LoadBalancer, design, method, TIMES.card)),
    /** The same by fewer processes, of which each knows more by itself. */
    herd: [10, 50].flatMap((processes) =>
      [LEAST_OF_ALL, 'leastconn'].map((method) =>
        place(LoadBalancer, { ...design, processes }, method, TIMES.card),
      ),
    ),
  };
}

/** All but the placement of rooms, which takes seconds. */
export function calculate(Pacer, design = DESIGN) {
  return {
    design,
    openRoomsOfProcess: openRoomsOf(design),
    sessionsOfProcess: design.sessions / design.processes,
    memoryOfProcessMiB: Math.round(50 + (design.sessions / design.processes) * (RELAY.sessionKiB / 1_024)),
    nodeLoss: [1, 10, 100].map((lost) => nodeLoss(Pacer, design, lost)),
    drain: drain(design),
    processLoss: processLoss(design),
    redis: redisLoad(design),
    redisByProcesses: PROCESSES.map((processes) => redisLoad({ ...design, processes })),
    plan: SIZES.map((sessions) => plan(design, sessions)),
  };
}

/** How many processes, nodes and shards so many sessions need: at 5,000 a process and 1,000 a node, with one of each to spare. */
function plan(design, sessions) {
  const processes = Math.max(2, Math.ceil(sessions / 5_000) + 1);
  const nodes = Math.max(3, Math.ceil(sessions / 1_000) + 1);
  const { coresOfRooms, coresOfProcesses, mbytesOfCardsS, shards } = redisLoad({
    ...design,
    ...{ sessions, processes, nodes },
  });
  return { sessions, processes, nodes, coresOfRooms, coresOfProcesses, mbytesOfCardsS, shards };
}

/** SVG texts by name. */
export function charts({ placement, redisByProcesses }) {
  return {
    'simulated-load': lineChart({
      title: 'Streams of a node, the nodes in order of their load',
      xTitle: 'share of the nodes, %',
      curves: placement.map(({ method, loads }) => ({
        name: method,
        points: loads.map((load, n) => [(n / (loads.length - 1)) * 100, load]),
      })),
    }),
    'simulated-redis': lineChart({
      title: 'CPU of Redis, cores',
      xTitle: 'relay processes that share the same sessions and nodes',
      isLog: true,
      curves: [
        {
          name: 'joins, leaves, messages',
          points: redisByProcesses.map((each) => [each.processes, each.coresOfRooms]),
        },
        {
          name: 'leases and cards',
          points: redisByProcesses.map((each) => [each.processes, each.coresOfProcesses]),
        },
        {
          name: `${REDIS.busy} of a core: a shard`,
          points: redisByProcesses.map((each) => [each.processes, REDIS.busy]),
        },
      ],
    }),
  };
}
