import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { closing } from '../../protocol/errors.js';
import { BEARER_PREFIX, SUBPROTOCOL } from '../../protocol/messages.js';
import { Fault } from './fault.js';
import { speaksTls } from './network.js';
import { type CheckOptions, makeTarget, type Target, urlOf } from './options.js';
import { type Answer, plainGet, readAnswer } from './plain-http.js';

type Ws = typeof import('ws');
type UpgradeOptions = Pick<CheckOptions, 'target' | 'token' | 'origin' | 'timeoutMs'>;

/** Where `useServer(relay, server)` serves the relay. */
const USUAL_PATH = '/rtc';

/** What a subprotocol may consist of (RFC 6455 § 4.1): every JSON Web Token does. */
const SUBPROTOCOL_TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** Opens the relay's WebSocket as a browser does. @throws Fault */
export async function openWebSocket(ws: Ws, options: UpgradeOptions): Promise<WebSocket> {
  const outcome = await attempt(ws, options.target, options);
  if ('socket' in outcome) return outcome.socket;
  throw 'answer' in outcome
    ? await explainAnswer(ws, options, outcome.answer)
    : await explainError(options, outcome.error);
}

type Outcome = { socket: WebSocket } | { answer: Answer } | { error: Error };

function attempt(
  ws: Ws,
  { url }: Target,
  { token, origin, timeoutMs }: Omit<UpgradeOptions, 'target'>,
): Promise<Outcome> {
  const fitsSubprotocol = token !== undefined && SUBPROTOCOL_TOKEN.test(token);
  const protocols = [SUBPROTOCOL, ...(fitsSubprotocol ? [BEARER_PREFIX + token] : [])];
  const headers = token === undefined || fitsSubprotocol ? {} : { Authorization: `Bearer ${token}` };
  return new Promise((resolve) => {
    const socket = new ws.WebSocket(url, protocols, {
      headers,
      ...(origin !== undefined && { origin }),
      handshakeTimeout: timeoutMs,
      maxPayload: 16 * 1024 * 1024,
    });
    socket.once('open', () => {
      // What the relay says at once must wait for its reader.
      socket.pause();
      resolve({ socket });
    });
    socket.on('error', (error) => resolve({ error }));
    socket.once('unexpected-response', (_, response: IncomingMessage) => {
      void readAnswer(response, timeoutMs).then((answer) => {
        resolve({ answer });
        socket.terminate();
      });
    });
  });
}

async function explainError({ target, timeoutMs }: UpgradeOptions, error: Error): Promise<Fault> {
  if (!target.isSecure && (await speaksTls(target, timeoutMs))) return tlsRequired(target);
  const { message } = error;
  if (/subprotocol|Sec-WebSocket-Accept/i.test(message))
    return new Fault(
      'not-a-relay',
      `A WebSocket server answers, but not as the relay does: ${message}.`,
      'Is this the URL of the relay, or of another WebSocket server of the application?',
    );
  if (/handshake has timed out/i.test(message))
    return new Fault(
      'upgrade-lost',
      `The server accepts the connection, and does not answer the request within ${timeoutMs} ms.`,
      ...UPGRADE_ADVICE,
    );
  return new Fault(
    'relay-not-reached',
    `The server has ended the connection without an answer: ${message}.`,
    'Does this port speak HTTP? The log of the server, or of the proxy, has the reason.',
  );
}

const UPGRADE_ADVICE = [
  'A proxy in front must pass the upgrade on. nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
  'Without a proxy: does this server call useServer(), for this path?',
];

function tlsRequired(target: Target): Fault {
  return new Fault(
    'tls-required',
    `Port ${target.port} speaks TLS, and ws:// does not.`,
    `Connect to ${urlOf(target, { protocol: 'wss:' })}`,
  );
}

/** The server has answered with other than 101. */
async function explainAnswer(ws: Ws, options: UpgradeOptions, answer: Answer): Promise<Fault> {
  const { target, timeoutMs } = options;
  const { status, body, location } = answer;
  if (location !== undefined) return explainRedirect(target, answer, location);
  if (status === 400 && /plain HTTP request was sent to HTTPS port/i.test(body)) return tlsRequired(target);
  const [, named] =
    /^No WebSocket is served here: the relay's is at (\/\S*?)(?: or |\.$)/.exec(body.trim()) ?? [];
  if (named !== undefined) return wrongPath(target, status, named);
  if (status === 426) return upgradeLost(status);
  if (status === 401 || status === 403 || status === 407)
    return new Fault(
      'http-refused',
      `HTTP ${status}, before the relay: it refuses by close codes, not by HTTP.`,
      'A proxy, a firewall of the application or a middleware wants credentials of its own: exempt the path of the relay.',
    );
  if (body.trim() === closing().message)
    return new Fault(
      'relay-not-reached',
      `HTTP ${status}: ${body.trim()}`,
      'Try again when it has restarted.',
    );
  if (status >= 500)
    return new Fault(
      'relay-not-reached',
      `HTTP ${status}: a proxy answers, but the relay behind it does not.`,
      "Does the relay's process run, at the address that the proxy has? The proxy's log has the reason.",
    );
  if (target.url.pathname !== USUAL_PATH && (await isServed(ws, options, USUAL_PATH)))
    return wrongPath(target, status, USUAL_PATH);
  const plain = await plainGet(target, timeoutMs);
  if (plain === undefined || (plain.status === status && plain.body === answer.body)) {
    if (/<center>nginx|<address>Apache/i.test(body))
      return new Fault(
        'wrong-path',
        `HTTP ${status} of the proxy itself: it passes ${target.url.pathname} on to nobody.`,
        'Is the path right? The proxy needs a location for it.',
      );
    return upgradeLost(status);
  }
  return new Fault(
    'wrong-path',
    `HTTP ${status}: a WebSocket server answers, but the relay is not at ${target.url.pathname}.`,
    'Connect to the path that useServer() or the WebSocketServer of the relay has.',
  );
}

function upgradeLost(status: number): Fault {
  return new Fault(
    'upgrade-lost',
    `HTTP ${status}, as for an ordinary request: the upgrade to a WebSocket has not arrived at the relay.`,
    ...UPGRADE_ADVICE,
  );
}

function wrongPath(target: Target, status: number, pathname: string): Fault {
  return new Fault(
    'wrong-path',
    `HTTP ${status}: the relay is not at ${target.url.pathname}, but at ${pathname}.`,
    `Connect to ${urlOf(target, { pathname })}`,
  );
}

function explainRedirect(target: Target, { status }: Answer, location: string): Fault {
  const url = URL.canParse(location, String(target.url)) ? new URL(location, target.url) : undefined;
  if (!target.isSecure && url?.protocol === 'https:')
    return new Fault(
      'tls-required',
      `HTTP ${status}: the server wants TLS, and WebSockets follow no redirect.`,
      `Connect to ${urlOf(makeTarget(url), { protocol: 'wss:' })}`,
    );
  return new Fault(
    'redirected',
    `HTTP ${status} to ${url ? urlOf(makeTarget(url), {}) : location}: WebSockets follow no redirect.`,
    'Connect to the URL of the relay itself. A redirect to a login page: exempt the path of the relay.',
  );
}

/** Whether a relay is at another path. No token is sent. */
async function isServed(ws: Ws, options: UpgradeOptions, pathname: string): Promise<boolean> {
  const other = makeTarget(new URL(urlOf(options.target, { pathname })));
  const outcome = await attempt(ws, other, { ...options, token: undefined });
  if (!('socket' in outcome)) return false;
  outcome.socket.terminate();
  return outcome.socket.protocol === SUBPROTOCOL;
}
