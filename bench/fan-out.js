#!/usr/bin/env node
/**
 * What a message of a room costs for each of its receivers: CPU microseconds a delivery, through the relay and by a
 * bare loop over as many sockets of the same server; the median of rounds that take turns. The receivers are a process
 * of its own; the SFU is one that is there without a network.
 *
 *   node bench/fan-out.js [receivers]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { handshake, textFrame } from '../test/support/websocket-bytes.js';
import { instantSfu } from './harness/instant-sfu.js';

const [, script, ...args] = process.argv;
if (args[0] === 'receive') receive(...args.slice(1).map(Number));
else await measureAll(Number(args[0] ?? 1_000));

/** The receivers' process: as many sockets on each path, which read and forget. */
function receive(port, receivers) {
  const AT_ONCE = 50;
  const paths = ['/rtc', '/bare'].flatMap((path) => Array(receivers).fill(path));
  const next = () => {
    const path = paths.pop();
    if (path === undefined) return;
    const socket = connect(port, '127.0.0.1', () => socket.write(handshake(path)));
    socket.once('data', () => {
      if (path === '/rtc') socket.write(textFrame(process.env.JOIN));
      socket.resume();
      next();
    });
    socket.on('error', () => {});
  };
  for (let n = 0; n < AT_ONCE; n += 1) next();
}

async function measureAll(receivers) {
  const ROUNDS = 41;
  const WARM_UP_ROUNDS = 10;
  const MESSAGES = 5;

  const { compile } = await import('../scripts/compile.js');
  const { load } = await compile(
    'fan-out',
    {
      index: 'src/index.ts',
      ws: 'src/adapters/ws.ts',
      uwebsockets: 'src/adapters/uwebsockets.ts',
      testing: 'src/testing/index.ts',
    },
    {
      splitting: true,
      esbuildPlugins: [instantSfu],
    },
  );
  const [{ anonymous, SfuRelay }, { useServer }, { makeBehavior }, { fakeOffer }] = await Promise.all(
    ['index', 'ws', 'uwebsockets', 'testing'].map(load),
  );
  const { WebSocketServer } = await import('ws');
  const { default: uWS } = await import('uWebSockets.js');
  const joinText = JSON.stringify({
    id: 1,
    method: 'join',
    params: { sid: 'lobby', offer: { type: 'offer', sdp: fakeOffer() } },
  });

  const servers = {
    'uWebSockets.js': async (relay) => {
      const bare = [];
      const app = uWS.App().ws('/rtc', makeBehavior(relay));
      app.ws('/bare', { open: (ws) => bare.push((text) => ws.send(text)) });
      const port = await new Promise((resolve) =>
        app.listen('127.0.0.1', 0, (socket) => resolve(uWS.us_socket_local_port(socket))),
      );
      return { port, bare, stop: () => app.close() };
    },
    ws: async (relay) => {
      const bare = [];
      const http = createServer();
      const rtc = new WebSocketServer({ noServer: true });
      const plain = new WebSocketServer({ noServer: true });
      useServer(relay, rtc);
      plain.on('connection', (ws) => bare.push((text) => ws.send(text)));
      http.on('upgrade', (request, socket, head) => {
        const server = request.url === '/rtc' ? rtc : plain;
        server.handleUpgrade(request, socket, head, (ws) => server.emit('connection', ws, request));
      });
      http.listen(0, '127.0.0.1');
      await once(http, 'listening');
      const stop = () => {
        for (const ws of [...rtc.clients, ...plain.clients]) ws.terminate();
        http.close();
        http.closeAllConnections();
      };
      return { port: http.address().port, bare, stop };
    },
    // What the relay does by itself: its sockets take everything, and do nothing.
    'no socket': async (relay) => {
      const { acceptConnection } = await load('index');
      const bare = [];
      const silent = () => ({
        protocol: '',
        bufferedAmount: 0,
        send() {},
        ping() {},
        close() {},
        terminate() {},
      });
      for (let n = 0; n < receivers; n += 1) {
        const request = { url: '/rtc', headers: {}, remoteAddress: '127.0.0.1' };
        acceptConnection(relay, silent(), request).receive(joinText);
        const socket = silent();
        bare.push((text) => socket.send(text));
      }
      return { bare, stop() {} };
    },
  };

  const table = {};
  for (const [name, serve] of Object.entries(servers)) {
    const relay = new SfuRelay({ sfu: { serverUrl: 'localhost:5551' }, authenticate: hidden(anonymous()) });
    const { port, bare, stop } = await serve(relay);
    const child =
      port === undefined
        ? undefined
        : spawn(process.execPath, [script, 'receive', port, receivers], {
            env: { ...process.env, JOIN: joinText },
            stdio: 'inherit',
          });
    const deadline = Date.now() + 60_000;
    while (relay.rooms.get('lobby')?.size !== receivers || bare.length !== receivers) {
      if (Date.now() > deadline) throw new Error(`${name}: not all receivers are there within 60 s`);
      await sleep(20);
    }
    const room = relay.rooms.get('lobby');
    const data = { text: 'What a lovely evening, thank you all for coming!' };
    const { id, at } = await room.send({ kind: 'chat', data });
    const text = JSON.stringify({
      jsonrpc: '2.0',
      method: 'message',
      params: { id, kind: 'chat', data, at },
    });
    const variants = {
      relay: () => room.send({ kind: 'chat', data }),
      loop: () => {
        for (const send of bare) send(text);
      },
    };
    const times = { relay: [], loop: [] };
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
      for (const [variant, act] of Object.entries(variants)) {
        const before = process.cpuUsage();
        for (let message = 0; message < MESSAGES; message += 1) {
          await act();
          // The sockets write, and the receivers read.
          await sleep(1);
        }
        const { user, system } = process.cpuUsage(before);
        if (round >= 0) times[variant].push((user + system) / MESSAGES / receivers);
      }
    }
    const [through, loop] = [median(times.relay), median(times.loop)];
    table[name] = {
      'through the relay: µs': Number(through.toFixed(3)),
      'a bare loop: µs': Number(loop.toFixed(3)),
      'the relay: µs': Number((through - loop).toFixed(3)),
    };
    child?.kill();
    await relay.close({ timeoutMs: 2_000 });
    await stop();
  }
  console.log(`${receivers} receivers, ${process.version}`);
  console.table(table);
  process.exit(0);
}

/** Nobody is told of their coming. */
function hidden(authenticate) {
  return async (request) => ({ ...(await authenticate(request)), grants: { hidden: true } });
}

function median(values) {
  return values.sort((one, other) => one - other)[values.length >> 1];
}
