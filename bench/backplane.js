#!/usr/bin/env node
/**
 * What it costs that relays share their rooms by Redis: joins and chat beside a relay by itself, seats that four processes write
 * at the same time, and a chat message to as many sockets of four processes as of one. The SFU is one that is there without a
 * network. Exit code 1 where a limit is exceeded.
 *
 *   npm run bench:backplane -- [--quick] [--sockets 10000] [--only sessions|seats|fan-out]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { handshake, textFrame } from '../test/support/websocket-bytes.js';
import { instantSfu } from './harness/instant-sfu.js';
import { onCore, requireOpenFiles } from './harness/machine.js';
import { quartiles } from './harness/statistics.js';

const PROCESSES = 4;
const SEATS = 1_000;
/** ms */
const MAX_SEATS_MS = 1_000;
/** Summed CPU of four processes, as a multiple of one's. */
const MAX_RATIO = 1.2;
/** ms */
const PATIENCE_MS = 120_000;
const TEXT = 'What a lovely evening, thank you all for coming!';
const NODES = { sfu: { serverUrl: 'localhost:5551' } };

const parts = { relay: serveRelay, seats: writeSeats, sockets: openSockets };
const part = parts[process.argv[2]];
if (part) await part(...process.argv.slice(3));
else await measureAll();

/** A child process that answers to messages; all end with this one. */
async function start(name, ...args) {
  const command = [process.execPath, fileURLToPath(import.meta.url), name, ...args.map(String)];
  const child = spawn(...onCore(name === 'sockets' ? 'load' : 'relay', command), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return {
    async ask(...what) {
      child.send(what);
      return (await once(child, 'message'))[0];
    },
    stop: () => child.kill(),
  };
}

/** Answers the messages of the parent process. */
function answer(answers) {
  process.on('message', async ([name, ...args]) => process.send((await answers[name](...args)) ?? null));
  process.on('disconnect', () => process.exit());
  process.send('ready');
}

async function backplaneOf(folder, url) {
  const { redisBackplane } = await import(`${folder}redis.mjs`);
  const { createClient } = await import('redis');
  const client = await createClient({ url }).connect();
  client.on('error', () => {});
  return redisBackplane({ client, logger: false });
}

/** A process that writes seats. */
async function writeSeats(folder, url, own) {
  const backplane = await backplaneOf(folder, url);
  const card = { processId: own, format: 1, version: '0', nodes: [] };
  await backplane.enter(card, () => {});
  const log = await backplane.open('lobby', { snapshot() {}, changed() {}, appended() {} });
  answer({
    async write(count) {
      const seat = (n) => ({ userId: `${own}-${n}`, processId: own });
      await Promise.all(
        Array.from({ length: count }, (_, n) =>
          log.commit(() => ({ seats: new Map([[`${own}-${n}`, seat(n)]]) })),
        ),
      );
    },
    async known(count) {
      while ((log.state.seats?.size ?? 0) < count) await sleep(2);
    },
  });
}

/** A relay in a process of its own; without `url` it shares its rooms with nobody. */
async function serveRelay(folder, url = '') {
  const [{ anonymous, SfuRelay }, { useServer }] = await Promise.all(
    ['index', 'ws'].map((name) => import(`${folder}${name}.mjs`)),
  );
  const { WebSocketServer } = await import('ws');
  const backplane = url === '' ? undefined : await backplaneOf(folder, url);
  const relay = new SfuRelay({
    ...NODES,
    authenticate: hidden(anonymous()),
    logger: false,
    ...(backplane && { backplane }),
  });
  const { fakeOffer } = await import(`${folder}testing.mjs`);
  const http = createServer();
  // The sockets answer no ping.
  useServer(relay, new WebSocketServer({ server: http, path: '/rtc' }), { heartbeatIntervalMs: 3_600_000 });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const session = (n) => relay.createSession({ roomId: 'bench', userId: `user-${n}`, sdp: fakeOffer() });
  const timed = async (count, act) => {
    const times = [];
    const before = process.cpuUsage();
    for (let n = 0; n < count; n += 1) {
      const start = performance.now();
      await act(n);
      times.push(performance.now() - start);
    }
    const { user, system } = process.cpuUsage(before);
    return { cpu: (user + system) / count, ms: quartiles(times) };
  };
  const open = [];
  answer({
    port: () => http.address().port,
    joinText: () =>
      JSON.stringify({
        id: 1,
        method: 'join',
        params: { sid: 'lobby', offer: { type: 'offer', sdp: fakeOffer() } },
      }),
    size: () => relay.rooms.get('lobby')?.sessionCount ?? 0,
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    joins: (count) => timed(count, async (n) => open.push(await session(n))),
    chat: (count) => timed(count, () => open[0].send({ kind: 'chat', data: { text: TEXT } })),
    leave: () => Promise.all(open.splice(0).map((each) => each.close())).then(() => undefined),
    say: async () => void (await relay.rooms.get('lobby').send({ kind: 'chat', data: { text: TEXT } })),
  });
}

/** Nobody is told of their coming. */
function hidden(authenticate) {
  return async (request) => ({ ...(await authenticate(request)), grants: { hidden: true } });
}

/** Sockets that join, read and forget. `heard`: how often the text has come to them. */
function openSockets(joinText) {
  let heard = 0;
  const open = (port, count) => {
    let left = count;
    const next = () => {
      if (left === 0) return;
      left -= 1;
      const socket = connect(port, '127.0.0.1', () => socket.write(handshake('/rtc')));
      socket.once('data', () => {
        socket.write(textFrame(joinText));
        socket.on('data', (data) => {
          if (data.includes(TEXT)) heard += 1;
        });
        next();
      });
      socket.on('error', () => {});
    };
    for (let n = 0; n < 50; n += 1) next();
  };
  answer({ open, heard: () => heard });
}

async function measureAll() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      sockets: { type: 'string', default: '10000' },
      only: { type: 'string' },
    },
  });
  const sockets = values.quick ? 200 : Number(values.sockets);
  requireOpenFiles(sockets);
  const { compile, loadTest } = await import('../scripts/compile.js');
  const { RedisServer } = await loadTest('bench-redis', 'test/support/redis.ts');
  const { folder } = await compile(
    'bench-backplane',
    {
      index: 'src/index.ts',
      redis: 'src/plugins/redis/index.ts',
      ws: 'src/adapters/ws.ts',
      testing: 'src/testing/index.ts',
    },
    {
      splitting: true,
      esbuildPlugins: [instantSfu],
    },
  );
  const redis = await RedisServer.start();
  const setup = { folder, url: redis.url, sockets, isQuick: values.quick };
  try {
    const wants = (name) => !values.only || values.only === name;
    if (wants('sessions')) await measureSessions(setup);
    const seatsMs = wants('seats') ? await measureSeats(setup) : 0;
    const ratio = wants('fan-out') ? await measureFanOut(setup) : 0;
    if (seatsMs > MAX_SEATS_MS || (ratio > MAX_RATIO && !values.quick)) process.exitCode = 1;
  } finally {
    await redis.stop();
  }
  process.exit();
}

async function measureSessions({ folder, url, isQuick }) {
  const count = isQuick ? 50 : 300;
  const table = {};
  for (const [name, args] of Object.entries({ memory: [], Redis: [url] })) {
    const relay = await start('relay', folder, ...args);
    // The code is compiled by V8 first.
    for (const rounds of [count, count]) {
      const [joins, chat] = [await relay.ask('joins', rounds), await relay.ask('chat', rounds)];
      table[name] = {
        'join: CPU µs': Math.round(joins.cpu),
        'join: ms': Number(joins.ms.median.toFixed(2)),
        'chat: CPU µs': Math.round(chat.cpu),
        'chat: ms': Number(chat.ms.median.toFixed(2)),
      };
      await relay.ask('leave');
    }
    relay.stop();
  }
  console.log('One after the other, in a relay of one process');
  console.table(table);
}

async function measureSeats({ folder, url }) {
  const writers = await Promise.all(
    Array.from({ length: PROCESSES }, (_, n) => start('seats', folder, url, `p-${n}`)),
  );
  const begun = performance.now();
  await Promise.all(writers.map((each) => each.ask('write', SEATS / PROCESSES)));
  await Promise.all(writers.map((each) => each.ask('known', SEATS)));
  const ms = performance.now() - begun;
  for (const each of writers) each.stop();
  console.log(`${SEATS} seats of ${PROCESSES} processes: ${Math.round(ms)} ms (limit ${MAX_SEATS_MS})`);
  return ms;
}

async function reaches(what, wanted, count, intervalMs) {
  const deadline = Date.now() + PATIENCE_MS;
  for (let reached = await count(); reached < wanted; reached = await count()) {
    if (Date.now() > deadline) throw new Error(`${reached} of ${wanted} ${what} within ${PATIENCE_MS} ms.`);
    await sleep(intervalMs);
  }
}

async function measureFanOut({ folder, url, sockets, isQuick }) {
  const messages = isQuick ? 3 : 20;
  const cpus = {};
  for (const [name, count, args] of [
    ['one process', 1, []],
    [`${PROCESSES} processes`, PROCESSES, [url]],
  ]) {
    const relays = await Promise.all(Array.from({ length: count }, () => start('relay', folder, ...args)));
    const joinText = await relays[0].ask('joinText');
    // One process in both cases: how many processes read is not what is measured.
    const crowd = await start('sockets', joinText);
    for (const relay of relays) {
      await crowd.ask('open', await relay.ask('port'), sockets / count);
      await reaches('sockets have joined', sockets / count, () => relay.ask('size'), 100);
    }
    // What the newcomers are told is told.
    await sleep(isQuick ? 500 : 3_000);
    const cpu = async () =>
      (await Promise.all(relays.map((each) => each.ask('cpu')))).reduce((a, b) => a + b);
    const heard = () => crowd.ask('heard');
    const costs = [];
    for (let n = 1; n <= messages; n += 1) {
      const before = await cpu();
      await relays[0].ask('say');
      await reaches('sockets have heard the messages', n * sockets, heard, 5);
      costs.push((await cpu()) - before);
    }
    cpus[name] = quartiles(costs).median / 1_000;
    for (const each of [...relays, crowd]) each.stop();
  }
  const [one, several] = Object.values(cpus);
  console.log(`A chat message to ${sockets} sockets: CPU ms of the relays, the median of ${messages}`);
  console.table(
    Object.fromEntries(Object.entries(cpus).map(([name, ms]) => [name, { 'CPU ms': Number(ms.toFixed(1)) }])),
  );
  console.log(`${(several / one).toFixed(2)} times as much (limit ${MAX_RATIO})`);
  return several / one;
}
