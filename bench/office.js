#!/usr/bin/env node
/**
 * How long it takes until an office is in: many clients behind one address, which all come at once, and again after the relay
 * was killed and started anew; under the default rate limits. They wait as `retryAfterMs` says and come back after a cut as
 * the client library does, send candidates, and report statistics.
 *
 *   node bench/office.js [--quick] [--clients 5000] [--transports ws,uws] [--seconds 15]
 *
 * Exits with 1 if it took longer, or if a message of somebody who was in was refused. `--quick` is a tenth of the clients
 * and of the points.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { build } from './harness/build.js';
import { Load } from './harness/load.js';
import { startOffice } from './harness/targets.js';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    clients: { type: 'string' },
    transports: { type: 'string', default: 'ws,uws' },
    seconds: { type: 'string', default: '15' },
  },
});
const share = options.quick ? 0.1 : 1;
const clients = Number(options.clients ?? 5_000 * share);

const tools = await build();
if (!tools.load) throw new Error('This benchmark needs Go.');
const rows = [];
for (const transport of options.transports.split(',')) {
  const load = await Load.start(tools.load);
  let relay;
  let before;
  const start = async (port) => {
    relay = await startOffice(load.sfu, tools, { transport, port, share });
    await relay.delay();
    before = mainThread(relay.pid);
  };
  const measure = async (what, act) => {
    const { took, connects, joins, refusals } = await act();
    const { max } = await relay.delay();
    const { ran, waited } = mainThread(relay.pid);
    rows.push({
      transport,
      what,
      clients,
      seconds: Number(took.toFixed(1)),
      connections: connects,
      joins,
      refusals,
      'longest delay, ms': Math.round(max),
      'CPU, s': Number((ran - before.ran).toFixed(1)),
      'waited for the CPU, s': Number((waited - before.waited).toFixed(1)),
    });
  };
  try {
    await start(await freePort());
    await load.aim(relay);
    await measure('join', () => load.arrive(clients));
    await measure('come back', async () => {
      const back = load.comeBack(clients);
      await relay.stop();
      await start(relay.port);
      return back;
    });
  } finally {
    load.stop();
    await relay?.stop();
  }
}
console.table(rows);
const late = rows.filter(({ seconds }) => seconds > Number(options.seconds));
if (late.length > 0) {
  console.error(
    `✗ ${late.map(({ transport, what }) => `${transport}: ${what}`).join(', ')}: longer than ${options.seconds} s`,
  );
  process.exit(1);
}

/** Seconds for which the relay's main thread has run, and for which it was ready while other work had its core. */
function mainThread(pid) {
  const [ran, waited] = readFileSync(`/proc/${pid}/schedstat`, 'utf8')
    .split(' ')
    .map((nanoseconds) => Number(nanoseconds) / 1e9);
  return { ran, waited };
}

/**
 * Below the ports that the system gives to those who connect: while the relay is down, one of the clients would get its port.
 */
async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
