import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jsonLines } from './json-lines.js';
import { onCore } from './machine.js';

const script = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
/** The relay has one core: V8's other threads (four by default) would take it from the event loop while memory is collected. */
const node = (...args) => [process.execPath, '--expose-gc', '--v8-pool-size=1', ...args];

/** What is measured: how it is started, and what it is called. */
export const TARGETS = {
  'relay-uws': {
    title: 'sfu-relay on uWebSockets.js',
    command: (sfu, { library }) => node(script('servers/relay.js'), sfu, library, 'uws'),
  },
  'relay-uws-cjs': {
    title: 'sfu-relay on uWebSockets.js, loaded by require()',
    command: (sfu, { library }) => node(script('servers/relay.js'), sfu, library, 'uws', 'cjs'),
  },
  'relay-ws': {
    title: 'sfu-relay on ws',
    command: (sfu, { library }) => node(script('servers/relay.js'), sfu, library, 'ws'),
  },
  'relay-uws-resume': {
    title: 'sfu-relay on uWebSockets.js, clients that can resume',
    resumes: true,
    command: (sfu, { library }) => node(script('servers/relay.js'), sfu, library, 'uws'),
  },
  'relay-ws-resume': {
    title: 'sfu-relay on ws, clients that can resume',
    resumes: true,
    command: (sfu, { library }) => node(script('servers/relay.js'), sfu, library, 'ws'),
  },
  'bare-uws': {
    title: 'bare uWebSockets.js + grpc-js',
    command: (sfu, { rtc }) => node(script('peers/uws.js'), sfu, rtc),
  },
  'bare-ws': {
    title: 'bare ws + grpc-js',
    command: (sfu, { rtc }) => node(script('peers/ws.js'), sfu, rtc),
  },
  go: {
    title: 'bare gorilla/websocket + grpc-go',
    go: true,
    command: (sfu, { goRelay }) => [goRelay, '-sfu', sfu],
  },
};

/** Whether it is this library, and not one that forwards only. */
export function isRelay(name) {
  return name.startsWith('relay-');
}

/** KiB of a process' own memory, once it falls no further: pages are given back by other threads, a moment later. */
async function held(pid) {
  const now = () => Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  let least = now();
  for (let still = 0; still < 5; ) {
    await setTimeout(50);
    const value = now();
    still = value < least ? 0 : still + 1;
    least = Math.min(least, value);
  }
  return least;
}

/** Starts one; resolves when it listens. */
export async function startTarget(name, sfu, tools) {
  const { command, resumes } = TARGETS[name];
  return { ...(await start(command(sfu, tools))), resumes };
}

/** Starts a relay with its default rate limits, or with a share of their points. */
export function startOffice(sfu, { library }, { transport, port, share }) {
  return start(node(script('servers/office.js'), sfu, library, transport, port, share));
}

async function start(command) {
  const child = spawn(...onCore('relay', command), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const next = jsonLines(child);
  const { port } = await next();
  const tell = (command) => {
    child.stdin.write(`${command}\n`);
    return next();
  };
  return {
    port,
    pid: child.pid,
    /**
     * Once garbage is collected, in KiB: what it holds of its own (not of files), and how much of that is live objects,
     * where the target can tell.
     */
    async memory() {
      const { live } = await tell('memory');
      return { held: await held(child.pid), live };
    },
    /** How late its event loop was since this was asked last, in ms; `{}` where there is none. */
    delay: () => tell('delay'),
    /** Ends all connections; how long that took. */
    close: () => tell('close'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
