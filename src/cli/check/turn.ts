import { createHash } from 'node:crypto';
import type { Message } from 'werift';
import type { IceServer } from '../../protocol/types.js';
import { isRecord } from '../../util/is-record.js';
import { wallClock } from '../../util/wall-clock.js';
import { Fault } from './fault.js';
import { openStun, type StunServer, type StunSocket, type Werift } from './stun.js';

/** One URL of `iceServers`. */
interface Entry extends StunServer {
  readonly url: string;
  readonly isTurn: boolean;
  readonly username: string;
  readonly credential: string;
}

/** Uses each of the servers that clients are given. @throws Fault of the first that fails, with a line for each */
export async function checkIceServers(
  werift: Werift,
  servers: readonly IceServer[],
  timeoutMs: number,
): Promise<string> {
  const entries = servers.flatMap(readEntries);
  const outcomes = await Promise.all(
    entries.map(async (entry) => {
      try {
        return { line: `${entry.url} ${await checkEntry(werift, entry, timeoutMs)}` };
      } catch (error) {
        const fault = error instanceof Fault ? error : unreachable(entry, (error as Error).message);
        return { line: `${entry.url}: ${fault.message}`, fault };
      }
    }),
  );
  const message = outcomes.map(({ line }) => line).join('\n');
  const faults = outcomes.flatMap(({ fault }) => fault ?? []);
  const [first] = faults;
  if (first) throw new Fault(first.code, message, ...new Set(faults.flatMap(({ advice }) => advice)));
  return message;
}

const ICE_URL = /^(stuns?|turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/i;

function readEntries({ urls, username = '', credential = '' }: IceServer): Entry[] {
  return [urls].flat().map((url) => {
    const [, scheme = '', host = '', port, transport] = ICE_URL.exec(url)?.map((part) => part) ?? [];
    const kind = scheme.toLowerCase();
    const isSecure = kind.endsWith('s');
    return {
      url,
      host: host.replace(/^\[|\]$/g, ''),
      port: Number(port ?? (isSecure ? 5349 : 3478)),
      transport: isSecure ? 'tls' : transport?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
      isTurn: kind.startsWith('turn'),
      username,
      credential,
    };
  });
}

async function checkEntry(werift: Werift, entry: Entry, timeoutMs: number): Promise<string> {
  if (entry.host === '')
    throw new Fault(
      'turn-refused',
      'This is no URL of STUN or TURN.',
      'Write turn:turn.example.org:3478?transport=udp',
    );
  const socket = await openStun(werift, entry, timeoutMs);
  try {
    return entry.isTurn ? await allocate(werift, socket, entry) : await bind(werift, socket);
  } finally {
    socket.close();
  }
}

async function bind({ Message, methods, classes }: Werift, socket: StunSocket): Promise<string> {
  await socket.request(new Message(methods.BINDING, classes.REQUEST));
  return 'answers';
}

const UDP = 17 << 24;

/** Allocates a relayed address by the long-term credential mechanism (RFC 8489 § 9.2), and gives it back. */
async function allocate(werift: Werift, socket: StunSocket, entry: Entry): Promise<string> {
  const { Message, methods, classes } = werift;
  const make = (method: number, lifetime: number) => {
    const message = new Message(method, classes.REQUEST).setAttribute('LIFETIME', lifetime);
    return method === methods.ALLOCATE ? message.setAttribute('REQUESTED-TRANSPORT', UDP) : message;
  };
  const challenge = await socket.request(make(methods.ALLOCATE, 60));
  if (challenge.messageClass === classes.RESPONSE) return 'relays, for anybody: it wants no credentials';
  const { realm, nonce } = readChallenge(challenge);
  const key = createHash('md5').update(`${entry.username}:${realm}:${entry.credential}`).digest();
  const sign = (message: Message, newNonce = nonce) =>
    message
      .setAttribute('USERNAME', entry.username)
      .setAttribute('REALM', realm)
      .setAttribute('NONCE', newNonce)
      .addMessageIntegrity(key)
      .addFingerprint();
  const response = await socket.request(sign(make(methods.ALLOCATE, 60)));
  if (response.messageClass !== classes.RESPONSE) throw refused(response, entry);
  const [address, port] = response.getAttributeValue('XOR-RELAYED-ADDRESS') as [string, number];
  // Without it the server keeps the address for a minute.
  await socket.request(sign(make(methods.REFRESH, 0))).catch(() => {});
  return `relays at ${address}:${port}`;
}

function readChallenge(challenge: Message): { realm: string; nonce: Buffer } {
  const realm: unknown = challenge.getAttributeValue('REALM');
  const nonce: unknown = challenge.getAttributeValue('NONCE');
  if (typeof realm === 'string' && Buffer.isBuffer(nonce)) return { realm, nonce };
  throw new Fault(
    'turn-refused',
    `the server refuses: ${errorOf(challenge)}.`,
    'Is it a TURN server, with lt-cred-mech or use-auth-secret? Its log has the reason.',
  );
}

function refused(response: Message, { username, credential }: Entry): Fault {
  const code = Number((response.getAttributeValue('ERROR-CODE') as unknown[] | undefined)?.[0]);
  if (code !== 401 && code !== 441)
    return new Fault(
      'turn-refused',
      `the server refuses: ${errorOf(response)}.`,
      "The TURN server's log has the reason.",
    );
  const [, expiry = ''] = /^(\d{9,11}):/.exec(username) ?? [];
  if (expiry !== '' && Number(expiry) * 1_000 < wallClock())
    return new Fault(
      'turn-credentials',
      'the credentials have expired.',
      'Raise ttlMs of turnRest(), and compare the clocks.',
    );
  if (username === '' || credential === '')
    return new Fault('turn-credentials', 'the server wants credentials, and iceServers has none.', TURN_REST);
  return new Fault(
    'turn-credentials',
    `the server refuses the credentials: ${errorOf(response)}.`,
    TURN_REST,
  );
}

const TURN_REST =
  'The "secret" of turnRest() must be the static-auth-secret of coturn, which needs use-auth-secret and a realm.';

function errorOf(response: Message): string {
  const error: unknown = response.getAttributeValue('ERROR-CODE');
  return Array.isArray(error) ? error.join(' ').trim() : 'an error without a code';
}

function unreachable({ isTurn, port, transport }: Entry, why: string): Fault {
  const code = isTurn ? 'turn-unreachable' : 'stun-unreachable';
  if (transport === 'tls' && /certificate|altname/i.test(why))
    return new Fault(
      code,
      `${why}.`,
      'Browsers refuse this certificate: its name, its chain or its date. coturn: cert, pkey.',
    );
  return new Fault(
    code,
    `${why}.`,
    `Does the server run, and is ${transport === 'udp' ? 'UDP' : 'TCP'} port ${port} open in its firewall?`,
  );
}

/** Whether the list has anything to check. */
export function isIceServers(value: unknown): value is IceServer[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord);
}
