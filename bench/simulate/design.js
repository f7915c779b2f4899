/** What is simulated, and the measured costs that the simulation calculates with, each with its source. */
import { readFileSync } from 'node:fs';

const {
  costs: redis,
  nodesOfCard,
  cardBytes,
  processes,
} = JSON.parse(readFileSync(new URL('../results/published/redis.json', import.meta.url), 'utf8'));

export const DESIGN = {
  seed: 1,
  sessions: 1_000_000,
  nodes: 1_000,
  processes: 200,
  /** Twice the mean load of a node. */
  maxStreams: 2_000,
  rooms: { mean: 50, largest: 1_000 },
  /** In which all rooms begin; each fills within a minute. */
  rampS: 600,
  /** Of a session. */
  stayS: 600,
  /** Chat messages of a room of the mean size. */
  messagesPerRoomS: 0.5,
};

/** ms, as the library has them. */
export const TIMES = {
  /** src/relay/shared/shared-rooms.ts: how old the streams of other processes may be. */
  card: 1_000,
  /** src/plugins/redis/membership.ts (LEASE_MS) and one beat of redis-backplane.ts. */
  lease: 5_000,
  beat: 1_000,
  /** docs/CLUSTER.md, "How a node is judged": a node that hangs; one that was killed is down at once. */
  nodeHangs: 2_000,
  /** docs/PERFORMANCE.md, "Large rooms": the first attempt of a client after a loss, at random. */
  clientPause: [400, 600],
  /** docs/PERFORMANCE.md, fill: p99 of a join among 10,000 sessions. */
  joinP99: 60,
  /** An assumption: from the answer of a join to the first frame that is shown. */
  firstFrame: 700,
};

/** docs/PERFORMANCE.md, "Figures", relay-uws: µs of CPU of a relay, KiB of memory. */
export const RELAY = { join: 447, publisherJoin: 626, candidateRound: 36, delivery: 6.4, sessionKiB: 15 };

/** bench/results/published/redis.json: µs of CPU of redis-server, and scripts. */
export const REDIS = {
  ...redis,
  /** A process reads the lease of every process in each beat, which has its card, and publishes its own card to all. */
  scriptCpu: redis.processSecond.cpu / redis.processSecond.scripts,
  ownScripts: redis.processSecond.scripts - processes,
  cardCpuPerKiB: (redis.cardDelivery.cpu - redis.delivery.cpu) / (cardBytes / 1_024),
  cardKiBPerNode: cardBytes / 1_024 / nodesOfCard,
  /** Of one core: beyond it, commands wait. */
  busy: 0.6,
};
