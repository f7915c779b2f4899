import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials, type ServerDuplexStream, type ServerOptions } from '@grpc/grpc-js';
import { Child } from '../support/child.js';
import { freePort } from '../support/listen.js';
import { goPath, grpcioPath, serverPath } from '../support/real.js';
import { configurationOf } from './documentation.js';
import { commandOf, JOINED, trickleOf } from './protocol.js';
import { startRawServer } from './raw-server.js';

/** What a case wants of its server, as far as the server can. */
export interface Wishes {
  maxStreams?: number;
  /** A GOAWAY on every connection that is this old, or, where servers count requests, after 20 of them. */
  leavesSoon?: boolean;
  /** Bytes of the windows. */
  window?: number;
  /** Compress replies without being asked. */
  gzip?: boolean;
  /** Cut off clients that ping more often than every hour. */
  hatesPings?: boolean;
  /** More directives of a proxy. */
  directives?: string;
}

export interface Running {
  /** host:port */
  address: string;
  stop(): Promise<void>;
}

const goSources = fileURLToPath(new URL('../ion/grpc-server/', import.meta.url));
const goCache = fileURLToPath(new URL('../../node_modules/.cache/grpc-server/', import.meta.url));

async function goBinary(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(goSources, file)));
  const binary = join(goCache, hash.digest('hex').slice(0, 16));
  if (existsSync(binary)) return binary;
  mkdirSync(goCache, { recursive: true });
  const draft = `${binary}.${process.pid}`;
  const build = new Child(goPath() ?? 'go', ['build', '-buildvcs=false', '-o', draft, '.'], {
    cwd: goSources,
  });
  await build.ended();
  if (build.exitCode !== 0) throw new Error(`go build failed:\n${build.log}`);
  renameSync(draft, binary);
  return binary;
}

async function listening(child: Child): Promise<Running> {
  const [, address = ''] = await child.output(/listening on (\S+)/);
  return { address, stop: () => child.stop('SIGKILL') };
}

/** grpc-go. `address`: `unix:path`, in the place of a free port. */
export async function startGo(wishes: Wishes, address = '127.0.0.1:0'): Promise<Running> {
  const flags = [`-addr=${address}`];
  if (wishes.maxStreams) flags.push(`-max-streams=${wishes.maxStreams}`);
  if (wishes.leavesSoon) flags.push('-max-age=300ms');
  if (wishes.window) flags.push(`-window=${wishes.window}`);
  if (wishes.gzip) flags.push('-gzip');
  if (wishes.hatesPings) flags.push('-min-ping=1h');
  return listening(new Child(await goBinary(), flags));
}

export async function startGrpcio(wishes: Wishes): Promise<Running> {
  const flags = [fileURLToPath(new URL('grpcio/server.py', import.meta.url))];
  if (wishes.maxStreams) flags.push(`max-streams=${wishes.maxStreams}`);
  if (wishes.leavesSoon) flags.push('max-age-ms=300');
  if (wishes.hatesPings) flags.push('min-ping-ms=3600000');
  return listening(new Child(grpcioPath() ?? 'python3', flags));
}

export async function startRaw(wishes: Wishes): Promise<Running> {
  const server = await startRawServer({
    ...(wishes.maxStreams && { maxStreams: wishes.maxStreams }),
    ...(wishes.leavesSoon && { streamsToGoaway: 20 }),
    ...(wishes.gzip && { gzip: true }),
  });
  return { address: server.address, stop: () => server.close() };
}

export async function startGrpcJs(wishes: Wishes): Promise<Running> {
  const options: ServerOptions = { 'grpc.max_metadata_size': 1 << 20 };
  if (wishes.maxStreams) options['grpc.max_concurrent_streams'] = wishes.maxStreams;
  if (wishes.leavesSoon) options['grpc.max_connection_age_ms'] = 300;
  const server = new Server(options);
  const pass = (bytes: Buffer) => bytes;
  const codec = {
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
  const signal = { path: '/rtc.RTC/Signal', requestStream: true, responseStream: true, ...codec };
  server.addService({ signal }, { signal: answerByGrpcJs });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, stop: async () => server.forceShutdown() };
}

function answerByGrpcJs(call: ServerDuplexStream<Buffer, Buffer>): void {
  call.on('error', () => {});
  call.on('end', () => call.end());
  call.on('data', (message: Buffer) => {
    const { name, argument } = commandOf(message);
    if (message[0] === 0x0a) call.write(JOINED);
    else if (name === 'end') call.emit('error', { code: Number(argument), details: 'as wished: ä' });
    else if (name === 'headers') {
      const trailers = call.metadata.clone();
      for (const key of Object.keys(trailers.getMap())) trailers.remove(key);
      for (let n = 0; n < Number(argument); n += 1) trailers.set(`x-large-${n}`, 'x'.repeat(1_000));
      call.end(trailers);
    } else if (name === 'metadata')
      call.write(trickleOf(String(call.metadata.get('authorization')[0] ?? '')));
    else call.write(message);
  });
}

/** nginx with the configuration of docs/GRPC.md, in front of grpc-go. */
export async function startNginx(wishes: Wishes): Promise<Running> {
  const { maxStreams, leavesSoon, directives = '', ...rest } = wishes;
  const upstream = await startGo(rest);
  const address = `127.0.0.1:${await freePort()}`;
  const more = [
    directives,
    leavesSoon ? 'keepalive_requests 20;' : '',
    maxStreams ? `http2_max_concurrent_streams ${maxStreams};` : '',
  ].join('\n');
  const folder = mkdtempSync(join(tmpdir(), 'sfu-relay-nginx-'));
  const server = configurationOf('nginx')
    .replace('127.0.0.1:5551', upstream.address)
    .replace('listen 5550', `listen ${address}`)
    .replace('server_name sfu.example.com;', `server_name sfu.example.com;\n${more}`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; pid ${folder}/pid; error_log stderr warn;
events { worker_connections 4096; }
http { access_log off; ${paths.join(' ')}
${server}
}`,
  );
  const child = new Child(serverPath('nginx') ?? 'nginx', ['-e', 'stderr', '-p', folder, '-c', file]);
  return behind(child, address, upstream, folder);
}

/** HAProxy with the configuration of docs/GRPC.md, in front of grpc-go. */
export async function startHaproxy(wishes: Wishes): Promise<Running> {
  const { maxStreams, ...rest } = wishes;
  const upstream = await startGo(rest);
  const address = `127.0.0.1:${await freePort()}`;
  const folder = mkdtempSync(join(tmpdir(), 'sfu-relay-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  const global = maxStreams ? `global\n  tune.h2.max-concurrent-streams ${maxStreams}\n` : '';
  writeFileSync(
    file,
    `${global}${configurationOf('haproxy').replace('127.0.0.1:5551', upstream.address).replace('bind :5550', `bind ${address}`)}`,
  );
  const child = new Child(serverPath('haproxy') ?? 'haproxy', ['-db', '-f', file]);
  return behind(child, address, upstream, folder);
}

async function behind(proxy: Child, address: string, upstream: Running, folder: string): Promise<Running> {
  const stop = async () => {
    await proxy.stop();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await accepts(address, proxy);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, stop };
}

async function accepts(address: string, child: Child): Promise<void> {
  const { connect } = await import('node:net');
  const { until } = await import('../support/poll.js');
  const [host = '', port] = address.split(':');
  await until('the proxy accepts connections', () => {
    if (!child.alive()) throw new Error(`it ended early:\n${child.log}`);
    return new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), host);
      socket.on('error', () => resolve(false));
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
    });
  });
}
