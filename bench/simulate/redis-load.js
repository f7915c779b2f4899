/** What the relays ask of Redis in a second, and how many shards that is. */
import { REDIS } from './design.js';
import { openRoomsOf } from './failures.js';

/** Processes that share `sessions`, which come and go, on so many nodes. */
export function redisLoad(design) {
  const { sessions, processes, nodes, rooms, stayS, messagesPerRoomS } = design;
  const joins = sessions / stayS;
  const open = openRoomsOf(design);
  /** Of the joins: the process has nobody else in the room. */
  const first = Math.min(1, open / (sessions / processes));
  const messages = (sessions / rooms.mean) * messagesPerRoomS;
  const listeners = (open * processes) / (sessions / rooms.mean);
  const cardKiB = REDIS.cardKiBPerNode * nodes;

  const seats = {
    scripts:
      joins *
      (first * (REDIS.firstJoin.scripts + REDIS.lastLeave.scripts) +
        (1 - first) * (REDIS.join.scripts + REDIS.leave.scripts)),
    cpu:
      joins *
      (first * (REDIS.firstJoin.cpu + REDIS.lastLeave.cpu) +
        (1 - first) * (REDIS.join.cpu + REDIS.leave.cpu)),
  };
  /** The measured room had four listeners. */
  const deliveries = (joins * 2 + messages) * Math.max(0, listeners - 4);
  const chat = { scripts: messages * REDIS.message.scripts, cpu: messages * REDIS.message.cpu };
  const audits = {
    scripts: open * processes * REDIS.openRoomSecond.scripts,
    cpu: open * processes * REDIS.openRoomSecond.cpu,
  };
  /** Each process reads the lease of each, and publishes its card to each. */
  const pairs = processes * processes;
  const leases = {
    scripts: pairs + processes * REDIS.ownScripts,
    cpu:
      pairs * (REDIS.scriptCpu + REDIS.delivery.cpu + 2 * cardKiB * REDIS.cardCpuPerKiB) +
      processes * REDIS.ownScripts * REDIS.scriptCpu,
    mbytes: (2 * pairs * cardKiB) / 1_024,
  };
  const ofRooms = seats.cpu + chat.cpu + audits.cpu + deliveries * REDIS.delivery.cpu;
  const cores = (cpu) => Number((cpu / 1e6).toPrecision(3));
  return {
    sessions,
    processes,
    nodes,
    scriptsOfRoomsS: Math.round(seats.scripts + chat.scripts + audits.scripts),
    coresOfRooms: cores(ofRooms),
    scriptsOfProcessesS: Math.round(leases.scripts),
    coresOfProcesses: cores(leases.cpu),
    mbytesOfCardsS: Math.round(leases.mbytes),
    shards: Math.max(1, Math.ceil((ofRooms + leases.cpu) / 1e6 / REDIS.busy)),
  };
}
