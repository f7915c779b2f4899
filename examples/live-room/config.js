// @ts-check
/** What the environment says, checked: PORT, HOST, SFU_URL. */

const DEFAULT_PORT = 8080;

/** @param {NodeJS.ProcessEnv} env */
export function readConfig(env) {
  const port = readPort(env.PORT);
  const host = env.HOST || '127.0.0.1';
  const shown = host === '127.0.0.1' || host === '0.0.0.0' ? 'localhost' : host;
  return { port, host, sfuUrl: env.SFU_URL || undefined, url: `http://${shown}:${port}` };
}

/** @param {string | undefined} text */
function readPort(text) {
  if (!text) return DEFAULT_PORT;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new Error(`PORT is "${text}", but a port is a number from 1 to 65535. Try: PORT=8081 npm start`);
}

/**
 * An error in one line that says what to do.
 * @param {unknown} error
 */
export function explain(error) {
  const { code, port, message } = /** @type {NodeJS.ErrnoException & { port?: number }} */ (error);
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken by another program. Choose another one: PORT=${Number(port) + 1} npm start`;
  }
  if (code === 'EACCES') return `Port ${port} needs more rights. Choose a higher one: PORT=8081 npm start`;
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL')
    return `HOST is no address of this machine: ${message}`;
  return message ?? String(error);
}
