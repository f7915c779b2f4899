import { createHash, randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { IonLog } from './ion-log.js';
import { goPath } from './real.js';

const server = fileURLToPath(new URL('../ion/server/', import.meta.url));
const production = fileURLToPath(new URL('../../ops/ion/', import.meta.url));
const toxiproxy = fileURLToPath(new URL('./toxiproxy/', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/ion-sfu/', import.meta.url));

/** A real Ion SFU v1.10.0 in a process of its own. */
export interface IonServer {
  /** host:port of its gRPC service; the same after a restart. */
  readonly address: string;
  /** The UDP port of all its media; the same after a restart, if nobody else has taken it. */
  readonly mediaPort: number;
  readonly pid: number;
  /** The end of its output. */
  readonly log: string;
  /** The uids of the peers in its rooms, ghosts included. */
  readonly peers: string[];
  /** All who have joined its rooms since it was started. */
  readonly arrivals: IonLog['arrivals'];
  alive(): boolean;
  /** Resolves when the process has ended, however it did. */
  ended(): Promise<void>;
  /** Stops the process, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends the process by SIGKILL. */
  kill(): Promise<void>;
  /** Ends the process and removes its files. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

/** What the Go modules have, by the name of its binary. */
const programs = {
  'ion-sfu': { module: server, folder: '.', files: ['main.go'] },
  'production-ion': {
    module: production,
    folder: '.',
    files: readdirSync(production).filter((file) => file.endsWith('.go')),
  },
  toxiproxy: { module: toxiproxy, folder: '.', files: ['main.go'] },
  'media-peers': {
    module: server,
    folder: './media-peers',
    files: ['main.go', 'publisher.go', 'split.go', 'viewer.go'].map((file) => `media-peers/${file}`),
  },
};

/** Builds the server, once for each state of its sources, and gives the path of the binary. */
export function buildIon(): Promise<string> {
  return buildGo('ion-sfu');
}

/** Builds a program, once for each state of its sources, and gives the path of the binary. */
export async function buildGo(program: keyof typeof programs): Promise<string> {
  const source = programs[program];
  const files = [...source.files, 'go.mod', 'go.sum'];
  const folder = join(cache, await hashOf(files.map((file) => join(source.module, file))));
  const binary = join(folder, program);
  if (existsSync(binary)) return binary;
  const go = goPath();
  if (!go) throw new Error(`${program} needs Go to be built`);

  process.stderr.write(`building ${program} (once; a minute or two) …\n`);
  const started = Date.now();
  await mkdir(folder, { recursive: true });
  const draft = `${binary}.${process.pid}`;
  await run(go, ['vet', source.folder], source.module);
  await run(go, ['build', '-buildvcs=false', '-o', draft, source.folder], source.module);
  await rename(draft, binary);
  process.stderr.write(`built ${program} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  return binary;
}

/**
 * Starts an Ion SFU on a free port and resolves when it listens; rejects with its output when it dies.
 * @param options `iceTimeoutSeconds`: without a sign of life for so long a connection has failed
 */
export async function startIon({ iceTimeoutSeconds = 30 } = {}): Promise<IonServer> {
  const binary = await buildIon();
  const folder = join(tmpdir(), `ion-sfu-${randomUUID()}`);
  let said = new IonLog();
  let address = '127.0.0.1:0';
  let mediaPort = await freeUdpPort();
  let child = await start();

  async function start(attempts = 3): Promise<Child> {
    await mkdir(folder, { recursive: true });
    const config = join(folder, 'sfu.toml');
    await writeFile(config, toml(mediaPort, iceTimeoutSeconds));
    const next = new Child(binary, ['-config', config, '-addr', address]);
    said = new IonLog();
    next.onLine(said.read);
    try {
      const [, listening] = await next.output(/listening on (\S+)/);
      address = listening ?? address;
      return next;
    } catch (error) {
      // Another process was faster to take the UDP port.
      if (attempts === 1 || !next.log.includes('address already in use')) throw error;
      mediaPort = await freeUdpPort();
      return start(attempts - 1);
    }
  }

  async function stop(): Promise<void> {
    // A stopped process takes no SIGTERM.
    if (child.alive()) process.kill(child.pid, 'SIGCONT');
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  }

  return {
    address,
    get mediaPort() {
      return mediaPort;
    },
    get pid() {
      return child.pid;
    },
    get log() {
      return child.log;
    },
    get peers() {
      return said.peers;
    },
    get arrivals() {
      return said.arrivals;
    },
    alive: () => child.alive(),
    ended: () => child.ended(),
    signal(signal) {
      process.kill(child.pid, signal);
    },
    kill: () => child.stop('SIGKILL'),
    stop,
    async restart() {
      await stop();
      child = await start();
    },
  };
}

async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const child = new Child(command, args, { cwd });
  await child.ended();
  if (child.exitCode !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${child.log}`);
}

/** A UDP port of all addresses that nobody uses at the moment. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

function toml(udpPort: number, iceTimeoutSeconds: number): string {
  const disconnected = Math.min(5, iceTimeoutSeconds / 2);
  return `
[router]
maxbandwidth = 1500
maxpackettrack = 500
audiolevelthreshold = 40
audiolevelinterval = 1000
audiolevelfilter = 20

[router.simulcast]
bestqualityfirst = true

[webrtc]
singleport = ${udpPort}
sdpsemantics = "unified-plan"
mdns = false

[webrtc.candidates]
nat1to1 = ["127.0.0.1"]

[webrtc.timeouts]
disconnected = ${disconnected}
failed = ${iceTimeoutSeconds - disconnected}
keepalive = 2

[log]
level = "info"
`;
}
