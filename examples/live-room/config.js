// @ts-check
/** Reads and checks the environment: PORT, HOST, SFU_URL, NODES, READINESS_DELAY_MS, DRAIN_MS. */
import { networkInterfaces } from 'node:os';

const DEFAULT_PORT = 8080;
const LOOPBACK = '127.0.0.1';
const MAX_NODES = 8;

/** @param {NodeJS.ProcessEnv} env */
export function readConfig(env) {
  const port = readPort(env.PORT);
  const host = env.HOST || LOOPBACK;
  const isPublic = host !== LOOPBACK && host !== 'localhost';
  const addresses = isPublic ? [...ownAddresses(), LOOPBACK] : [LOOPBACK];
  return {
    port,
    host,
    /** Whether other machines reach it. */
    isPublic,
    sfuUrl: env.SFU_URL || undefined,
    /** How many development SFUs there are without `sfuUrl`. */
    nodeCount: readNodeCount(env),
    /** Where the dev SFU takes media. */
    iceAddresses: addresses,
    /** How the relay closes when it is replaced by another process, on SIGTERM. */
    deploy: {
      readinessDelayMs: readMs(env, 'READINESS_DELAY_MS', 5_000),
      drainMs: readMs(env, 'DRAIN_MS', 10_000),
    },
    /** Of the page. */
    urls: ['localhost', ...addresses.filter((each) => each !== LOOPBACK)].map(
      (each) => `http://${each}:${port}`,
    ),
  };
}

/** @param {string | undefined} text */
function readPort(text) {
  if (!text) return DEFAULT_PORT;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new Error(`PORT is "${text}", but a port is a number from 1 to 65535. Try: PORT=8081`);
}

/** @param {NodeJS.ProcessEnv} env */
function readNodeCount({ NODES, SFU_URL }) {
  if (!NODES) return 1;
  if (SFU_URL)
    throw new Error(
      'NODES is the number of development SFUs, and SFU_URL is an SFU of your own. Set only one of them.',
    );
  const count = Number(NODES);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_NODES) return count;
  throw new Error(
    `NODES is "${NODES}", but the number of development SFUs is from 1 to ${MAX_NODES}. Try: NODES=2`,
  );
}

/** @param {NodeJS.ProcessEnv} env @param {string} name @param {number} usual */
function readMs(env, name, usual) {
  const text = env[name];
  if (!text) return usual;
  const ms = Number(text);
  if (Number.isInteger(ms) && ms >= 0) return ms;
  throw new Error(`${name} is "${text}", but it is a time in milliseconds. Try: ${name}=${usual}`);
}

/** This machine's external IPv4 addresses. */
function ownAddresses() {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

/**
 * An error in one line that says what to do.
 * @param {unknown} error
 * @param {string} command what was started
 */
export function explain(error, command) {
  const { code, port, message } = /** @type {NodeJS.ErrnoException & { port?: number }} */ (error);
  if (code === 'EADDRINUSE')
    return `Port ${port} is used by another program. Choose another one: PORT=${Number(port) + 1} ${command}`;
  if (code === 'EACCES')
    return `Port ${port} needs more privileges. Choose a higher one: PORT=8081 ${command}`;
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL')
    return `HOST is not an address of this machine: ${message}`;
  return message ?? String(error);
}
