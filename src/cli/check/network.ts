import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { Fault } from './fault.js';
import { type CheckOptions, type Target, urlOf } from './options.js';
import { within } from './within.js';

type NetworkOptions = Pick<CheckOptions, 'target' | 'timeoutMs'>;

/** Resolves the name. @throws Fault */
export async function checkDns({ target: { host }, timeoutMs }: NetworkOptions): Promise<string> {
  if (isIP(host)) return `${host} is an address`;
  const late = () =>
    new Fault('host-not-found', `No name server answers for ${host}.`, 'Is this machine online?');
  const found = await within(lookup(host, { all: true }), timeoutMs, late).catch((error: unknown) => {
    if (error instanceof Fault) throw error;
    throw new Fault(
      'host-not-found',
      `There is no host ${host} (${(error as NodeJS.ErrnoException).code}).`,
      'Is it spelled right? A new name may take a while until every name server has it.',
    );
  });
  return `${host} is ${found.map(({ address }) => address).join(', ')}`;
}

/** Opens a TCP connection. @throws Fault */
export async function checkTcp({ target, timeoutMs }: NetworkOptions): Promise<string> {
  const { host, port } = target;
  const where = `${host}:${port}`;
  const socket = connect({ host, port });
  try {
    await opened(socket, 'connect', timeoutMs);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED')
      throw new Fault(
        'port-closed',
        `Nothing listens at ${where}.`,
        'Does the server run, at this port? In a container, is the port published, and does it listen on 0.0.0.0?',
      );
    throw new Fault(
      'no-connection',
      `${where} can't be reached: ${code === LATE ? `no answer within ${timeoutMs} ms` : message}.`,
      'Does a firewall, or the rules of the cloud, drop TCP to this port?',
    );
  } finally {
    socket.destroy();
  }
  return `${where} accepts connections`;
}

/** Makes a TLS handshake, and verifies the certificate as browsers do. @throws Fault */
export async function checkTls({ target, timeoutMs }: NetworkOptions): Promise<string> {
  const socket = openTls(target, true);
  try {
    await opened(socket, 'secureConnect', timeoutMs);
    const { valid_to: end } = socket.getPeerCertificate();
    return `${socket.getProtocol()}, the certificate is valid until ${end}`;
  } catch (error) {
    throw explainTls(target, error as NodeJS.ErrnoException, timeoutMs);
  } finally {
    socket.destroy();
  }
}

/** Whether the port speaks TLS, whatever its certificate says. */
export async function speaksTls(target: Target, timeoutMs: number): Promise<boolean> {
  const socket = openTls(target, false);
  try {
    await opened(socket, 'secureConnect', timeoutMs);
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** @param verifies Without it, nothing must be sent: the handshake alone tells whether TLS is spoken. */
function openTls({ host, port }: Target, verifies: boolean): TLSSocket {
  return tlsConnect({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: verifies,
  });
}

const LATE = 'LATE';

async function opened(socket: Socket, event: 'connect' | 'secureConnect', timeoutMs: number): Promise<void> {
  const open = new Promise<void>((resolve, reject) => {
    socket.once(event, resolve);
    // Also later errors, which nobody awaits, have a listener.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
  await within(open, timeoutMs, () => Object.assign(new Error('no answer'), { code: LATE }));
}

const CERTIFICATES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'The certificate has expired: renew it, and let the server load it.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'The certificate is for other names: use one of them, or have one made for this name.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate is signed by itself, and browsers refuse it.',
  SELF_SIGNED_CERT_IN_CHAIN:
    'The certificate is of an authority of your own: NODE_EXTRA_CA_CERTS=ca.pem names it to this check.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'The server does not send the intermediate certificates: configure the full chain.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'The authority is unknown: configure the full chain, or NODE_EXTRA_CA_CERTS=ca.pem for an authority of your own.',
};

function explainTls(target: Target, { code = '', message }: NodeJS.ErrnoException, timeoutMs: number): Fault {
  const advice = CERTIFICATES[code];
  if (advice !== undefined) return new Fault('certificate', `${message}.`, advice);
  if (/wrong version number|packet length too long/i.test(message))
    return new Fault(
      'tls-not-spoken',
      `Port ${target.port} speaks no TLS.`,
      `Connect to ${urlOf(target, { protocol: 'ws:' })}, or let a proxy terminate TLS: pages of https may open wss only.`,
    );
  const why = code === LATE ? `no answer within ${timeoutMs} ms` : message;
  return new Fault(
    'tls-not-spoken',
    `There is no TLS connection: ${why}.`,
    `Does port ${target.port} speak TLS?`,
  );
}
