/** What the loss of nodes and of a process costs, and how long it takes. */
import { REDIS, RELAY, TIMES } from './design.js';
import { quantile, withSeed } from './random.js';

/**
 * Nodes that fail together: their sessions join other nodes.
 * @param {new () => { spread(urgent: boolean[]): number[] }} Pacer the library's own
 */
export function nodeLoss(Pacer, { seed, sessions, nodes, processes, rooms }, lost) {
  return withSeed(seed, () => {
    const moved = (sessions / nodes) * lost;
    const perProcess = Math.max(1, Math.round(moved / processes));
    const publishers = Math.ceil(perProcess / rooms.mean);
    const waits = new Pacer().spread(Array.from({ length: perProcess }, (_, n) => n < publishers));
    /** The relay's own CPU may be slower than its pace. */
    const cpuMs = (perProcess * RELAY.join) / 1_000;
    const last = (shareOfThem) => Math.max(quantile(waits, shareOfThem), cpuMs * shareOfThem);
    const joinMs = TIMES.joinP99 + TIMES.firstFrame;
    const roomsMoved = Math.round(moved / rooms.mean);
    return {
      lost,
      roomsMoved,
      sessionsMoved: moved,
      joinsPerNodeS: Math.round(moved / (nodes - lost) / (Math.max(1, last(1)) / 1_000)),
      loadOfOthers: Number((nodes / (nodes - lost)).toFixed(2)),
      redisCommits: roomsMoved,
      killedMedianS: seconds(last(0.5) + joinMs),
      killedLastS: seconds(last(1) + joinMs),
      hangsLastS: seconds(TIMES.nodeHangs + last(1) + joinMs),
    };
  });
}

/** A drain of one node: so many rooms move at a time, make before break. That a room takes a second is an assumption. */
export function drain({ sessions, nodes, rooms }, concurrency = 4, moveMs = 1_000) {
  const roomsMoved = Math.round(sessions / nodes / rooms.mean);
  return {
    roomsMoved,
    sessionsMoved: sessions / nodes,
    mostS: seconds((roomsMoved / concurrency) * moveMs + 5_000),
  };
}

/** One process dies: its clients join by the others. */
export function processLoss({ sessions, processes, rooms }) {
  const lost = sessions / processes;
  const perOther = lost / (processes - 1);
  const [least, most] = TIMES.clientPause;
  const cpuMs = (perOther * RELAY.join) / 1_000;
  // Rooms are spread over the processes: the process has one for nearly each of its sessions.
  const openRooms = openRoomsOf({ sessions, processes, rooms });
  const redisS =
    (lost * REDIS.join.cpu + lost * 0.5 * REDIS.firstJoin.cpu + openRooms * REDIS.lastLeave.cpu) / 1e6;
  return {
    sessions: lost,
    joinsOfEachOther: Math.round(perOther),
    medianS: seconds((least + most) / 2 + TIMES.joinP99 + TIMES.firstFrame),
    lastS: seconds(most + cpuMs + TIMES.joinP99 + TIMES.firstFrame),
    seatsFreeS: seconds(TIMES.lease + TIMES.beat),
    redisCpuS: Number(redisS.toFixed(2)),
  };
}

/** How many rooms a process has open on average, if clients are spread without stickiness. */
export function openRoomsOf({ sessions, processes, rooms: { mean } }) {
  return Math.round((sessions / mean) * (1 - (1 - 1 / processes) ** mean));
}

const seconds = (ms) => Number((ms / 1_000).toFixed(2));
