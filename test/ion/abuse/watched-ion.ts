import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { buildIon, freeUdpPort } from '../../support/ion.js';

const LAST_LINES = 400;

/** A real Ion whose log is read line by line: it says who is in its rooms, which no message of it does. */
export class WatchedIon {
  readonly address: string;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #exited: Promise<unknown>;
  readonly #peers: Set<string>;
  readonly #lines: string[];

  private constructor(parts: {
    address: string;
    child: ChildProcess;
    folder: string;
    peers: Set<string>;
    lines: string[];
  }) {
    this.address = parts.address;
    this.#process = parts.child;
    this.#folder = parts.folder;
    this.#peers = parts.peers;
    this.#lines = parts.lines;
    this.#exited = once(parts.child, 'exit');
  }

  /** @param iceTimeoutSeconds of a connection without a sign of life: half to be disconnected, half to have failed. */
  static async start({ iceTimeoutSeconds = 30 } = {}): Promise<WatchedIon> {
    const folder = join(tmpdir(), `ion-sfu-${randomUUID()}`);
    const config = join(folder, 'sfu.toml');
    await mkdir(folder, { recursive: true });
    await writeFile(config, toml(await freeUdpPort(), iceTimeoutSeconds / 2));
    const child = spawn(await buildIon(), ['-config', config, '-addr', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const peers = new Set<string>();
    const lines: string[] = [];
    const address = await new Promise<string>((resolve, reject) => {
      const read = (line: string) => {
        note(line, peers);
        lines.push(line);
        if (lines.length > LAST_LINES) lines.shift();
        const [, listening] = /listening on (\S+)/.exec(line) ?? [];
        if (listening) resolve(listening);
      };
      for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', read);
      child.once('exit', () => reject(new Error(`Ion ended early:\n${lines.join('\n')}`)));
    });
    return new WatchedIon({ address, child, folder, peers, lines });
  }

  /** The uids of the peers in its rooms, ghosts included. */
  get peers(): string[] {
    return [...this.#peers];
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** The end of its log. */
  get log(): string {
    return this.#lines.join('\n');
  }

  alive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async ended(): Promise<void> {
    await this.#exited;
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** ion-sfu logs who enters and who leaves a room; a peer whose stream it has ended with an error never leaves. */
function note(line: string, peers: Set<string>): void {
  const [, event, uid] =
    /(PeerLocal join|RemovePeer from) SessionLocal .*peer_id=(\S+)/.exec(stripVTControlCharacters(line)) ??
    [];
  if (!uid) return;
  if (event === 'RemovePeer from') peers.delete(uid);
  else peers.add(uid);
}

const toml = (udpPort: number, timeoutSeconds: number) => `
[router]
maxpackettrack = 500
audiolevelinterval = 1000

[router.simulcast]
bestqualityfirst = true

[webrtc]
singleport = ${udpPort}
sdpsemantics = "unified-plan"
mdns = false

[webrtc.candidates]
nat1to1 = ["127.0.0.1"]

[webrtc.timeouts]
disconnected = ${timeoutSeconds}
failed = ${timeoutSeconds}
keepalive = 2

[log]
level = "info"
`;
