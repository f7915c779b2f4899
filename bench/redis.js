#!/usr/bin/env node
/**
 * What relays that share their rooms cost Redis: CPU of redis-server, and scripts, for each join, message and leave, and for each second
 * of a process and of a room. bench/simulate.js calculates with these figures.
 *
 *   npm run bench:redis        # a minute; needs redis-server; writes bench/results/published/redis.json
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';
import { compile } from '../scripts/compile.js';
import { describeMachine } from './harness/machine.js';

const PROCESSES = 4;
const ROOMS = 200;
const MESSAGES = 5;
const IDLE_S = 15;
/** Nodes of a card, of which the size is measured; and subscribers of a channel. */
const NODES = 100;
const LISTENERS = 50;
const OUT = fileURLToPath(new URL('results/published/redis.json', import.meta.url));

const socket = `/tmp/sfu-relay-bench-${process.pid}.sock`;
const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', ''], {
  stdio: 'pipe',
});
process.once('exit', () => server.kill('SIGKILL'));
await new Promise((resolve) => {
  server.stdout.on('data', (text) => /ready to accept/i.test(String(text)) && resolve());
});
const connect = () => createClient({ socket: { path: socket } }).connect();
const { load } = await compile(
  'bench-redis',
  { index: 'src/index.ts', redis: 'src/plugins/redis/index.ts', testing: 'src/testing/index.ts' },
  { external: ['redis', 'ioredis', 'werift', '@grpc/grpc-js'] },
);
const [{ SfuRelay, anonymous }, { redisBackplane }, { fakeOffer, startScriptedSfu }] = await Promise.all(
  ['index', 'redis', 'testing'].map(load),
);
const admin = await connect();

/** µs of CPU of redis-server, and the number of scripts. */
async function used() {
  const info = `${await admin.info('cpu')}${await admin.info('commandstats')}`;
  const numberOf = (pattern) => Number(pattern.exec(info)?.[1] ?? 0);
  return {
    cpu: 1e6 * (numberOf(/used_cpu_user:(\S+)/) + numberOf(/used_cpu_sys:(\S+)/)),
    scripts: numberOf(/cmdstat_evalsha:calls=(\d+)/),
  };
}

/** What each of so many operations costs, without what passes meanwhile anyway. */
async function cost(operations, act, idle = { cpu: 0, scripts: 0 }) {
  const before = await used();
  const start = performance.now();
  await act();
  const seconds = (performance.now() - start) / 1_000;
  const after = await used();
  const of = (name, digits) =>
    Number(((after[name] - before[name] - idle[name] * seconds) / operations).toFixed(digits));
  return { cpu: of('cpu', 1), scripts: of('scripts', 3) };
}

const sfu = await startScriptedSfu();
const relays = await Promise.all(
  Array.from(
    { length: PROCESSES },
    async () =>
      new SfuRelay({
        sfu: { mode: 'cluster', clusterNodes: [sfu.address] },
        authenticate: anonymous(),
        logger: false,
        backplane: redisBackplane({ client: await connect() }),
      }),
  ),
);
await sleep(3_000);

const sdp = fakeOffer([{ kind: 'video', streamId: 'home', trackId: 'camera' }]);
const viewing = fakeOffer();
/** Somebody joins each room in each process; room by room, as in life. */
const inRooms = async (act) => {
  for (let room = 0; room < ROOMS; room += 10)
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        for (const [process, relay] of relays.entries()) await act(relay, room + n, process);
      }),
    );
};
const each = PROCESSES * ROOMS;
const sessions = new Map();
const join = (round) => async (relay, room, process) => {
  const userId = `user-${process}-${round}`;
  const offer = round === 0 && process === 0 ? sdp : viewing;
  const session = await relay.createSession({ roomId: `room-${room}`, userId, sdp: offer });
  sessions.set(`${room} ${process} ${round}`, session);
};
const leave = (round) => (relay, room, process) =>
  relay.closeSession(sessions.get(`${room} ${process} ${round}`).id);

const costs = {};
const empty = await cost(IDLE_S, () => sleep(IDLE_S * 1_000));
costs.firstJoin = await cost(each, () => inRooms(join(0)), empty);
const full = await cost(IDLE_S, () => sleep(IDLE_S * 1_000));
costs.join = await cost(each, () => inRooms(join(1)), full);
costs.message = await cost(
  each * MESSAGES,
  () =>
    inRooms(async (_, room, process) => {
      const session = sessions.get(`${room} ${process} 0`);
      for (let n = 0; n < MESSAGES; n += 1)
        await session.send({ kind: 'chat', data: { text: `hello ${n}` } });
    }),
  full,
);
costs.leave = await cost(each, () => inRooms(leave(1)), full);
costs.lastLeave = await cost(each, () => inRooms(leave(0)).then(() => sleep(1_000)), empty);
costs.processSecond = { cpu: empty.cpu / PROCESSES, scripts: empty.scripts / PROCESSES };
costs.openRoomSecond = {
  cpu: Number((Math.max(0, full.cpu - empty.cpu) / each).toFixed(2)),
  scripts: Number((Math.max(0, full.scripts - empty.scripts) / each).toFixed(3)),
};

const nodes = Array.from({ length: NODES }, (_, n) => ({
  serverUrl: `sfu-${n}:5551`,
  state: 'up',
  streams: n,
}));
const card = JSON.stringify({ processId: 'process', format: 1, version: '0.0.0', nodes });
const listeners = await Promise.all(Array.from({ length: LISTENERS }, connect));
for (const listener of listeners) await listener.subscribe('news', () => {});
const deliver = (text, times) =>
  cost(times * LISTENERS, async () => {
    for (let n = 0; n < times; n += 1) await admin.publish('news', text);
  });
costs.delivery = await deliver('x'.repeat(200), 2_000);
costs.cardDelivery = await deliver(card, 500);

await Promise.all(relays.map((relay) => relay.close()));
const report = {
  machine: describeMachine(),
  unit: 'µs of CPU of redis-server, and scripts',
  ...{ processes: PROCESSES, rooms: ROOMS, nodesOfCard: NODES, cardBytes: card.length },
  costs,
};
await writeFile(OUT, `${JSON.stringify(report, undefined, 1)}\n`);
console.table(costs);
process.exit(0);
