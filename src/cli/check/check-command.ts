import { randomBytes } from 'node:crypto';
import { LIMITS } from '../../protocol/limits.js';
import { loadPeer } from '../../util/optional-peer.js';
import { readArguments } from '../read-arguments.js';
import { type Command, type ExitCode, type Terminal, UsageError } from '../terminal.js';
import { check, type Packages } from './check.js';
import { type CheckOptions, makeTarget } from './options.js';
import { formatVerdict } from './report.js';

const TOKEN_VARIABLE = 'LIVE_TOKEN';
const DEFAULT_TIMEOUT = '5s';

const HELP = `Usage: sfu-relay check <url> [options]

Takes the way of a client to a relay, step by step, and says what is wrong and what to do: name and port, TLS,
WebSocket, authentication, room, SFU, UDP to the SFU, and the iceServers that the relay names.
It joins a room of its own as a viewer, and leaves it. Ends with 0 if all is well, 1 if there is a fault,
2 if the command is used wrongly.

  <url>               wss://live.example.org/rtc, as clients open it; https:// stands for wss://

  --token <token>     a token of the relay; "-" reads it from stdin; default: the variable ${TOKEN_VARIABLE}
  --audience <name>   what the relay expects: explains the refusal of a token for others
  --room <name>       a room that the token allows; default: a new one. Participants of it may see the probe
  --origin <origin>   checks as a page of this origin: https://www.example.org
  --health <url>      the relay's /health with details; default: /api/v1/sfu/health of the same server
  --timeout <time>    how long each answer may take: 500ms, 5s; default: ${DEFAULT_TIMEOUT}
  --json              prints the result as one JSON object, for programs

  npx sfu-relay token --user probe --audience live | npx sfu-relay check wss://live.example.org/rtc --token -

Needs the packages ws and werift: npm install ws werift, or
npx -p sfu-relay -p ws -p werift sfu-relay check <url>.
`;

const OPTIONS = {
  token: { type: 'string' },
  audience: { type: 'string' },
  room: { type: 'string' },
  origin: { type: 'string' },
  health: { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** `sfu-relay check`. */
export const checkCommand: Command = { help: HELP, run: runCheck };

async function runCheck(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS);
  const [url, another] = positionals;
  if (url === undefined) throw new UsageError('Name the URL of the relay: wss://live.example.org/rtc.');
  if (another !== undefined)
    throw new UsageError(`There is one URL to check, and ${JSON.stringify(another)} is another.`);
  const options: CheckOptions = {
    target: makeTarget(readUrl(url)),
    token: await readToken(values.token, terminal),
    audience: values.audience,
    room: readRoom(values.room),
    origin: readOrigin(values.origin),
    health: readHealth(values.health),
    timeoutMs: readTimeout(values.timeout ?? DEFAULT_TIMEOUT),
  };
  const packages = await loadPackages();
  const isJson = values.json === true;
  const verdicts = await check(options, packages, (verdict) => {
    if (!isJson) terminal.out(formatVerdict(verdict));
  });
  const ok = verdicts.every(({ status }) => status !== 'fault');
  if (isJson) terminal.out(`${JSON.stringify({ ok, url: withoutQuery(options), steps: verdicts })}\n`);
  return ok ? 0 : 1;
}

async function loadPackages(): Promise<Packages> {
  const user = 'sfu-relay check';
  return {
    ws: await loadPeer({ name: 'ws', user }, () => import('ws')),
    werift: await loadPeer({ name: 'werift', user }, () => import('werift')),
  };
}

/** The query may have a token. */
function withoutQuery({ target: { url } }: CheckOptions): string {
  return `${url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin}${url.pathname}`;
}

function readUrl(text: string): URL {
  if (!/^[a-z]+:\/\//i.test(text)) throw new UsageError(`The URL has no scheme: write wss://${text}.`);
  const secure = text.replace(/^http(s?):/i, 'ws$1:');
  if (!URL.canParse(secure))
    throw new UsageError(`${JSON.stringify(text)} is no URL: write wss://live.example.org/rtc.`);
  const url = new URL(secure);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw new UsageError(
      `The URL begins with wss://, ws://, https:// or http://, not with ${url.protocol}//.`,
    );
  if (url.hash !== '') throw new UsageError(`WebSockets have no fragment: leave ${url.hash} out.`);
  if (url.username !== '')
    throw new UsageError('Browsers send no user name of a URL: leave it out, and write --token.');
  return url;
}

async function readToken(given: string | undefined, { env, stdin }: Terminal): Promise<string | undefined> {
  if (given === '') throw new UsageError('--token is empty.');
  if (given !== '-') return printable(given ?? env[TOKEN_VARIABLE]);
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  const token = Buffer.concat(chunks).toString('utf8').trim();
  if (token === '') throw new UsageError('stdin has no token.');
  return printable(token);
}

/** HTTP has no other tokens. */
function printable(token: string | undefined): string | undefined {
  if (token && !/^[\x21-\x7e]+$/.test(token))
    throw new UsageError('A token has neither spaces nor line breaks: is it only the token?');
  return token || undefined;
}

function readRoom(given: string | undefined): string {
  if (given === undefined) return `sfu-relay-check-${randomBytes(4).toString('hex')}`;
  if (given === '' || given.length > LIMITS.maxIdLength)
    throw new UsageError(`--room has 1 to ${LIMITS.maxIdLength} characters.`);
  return given;
}

function readOrigin(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const origin = URL.canParse(given) ? new URL(given).origin : 'null';
  if (origin === 'null' || origin !== given)
    throw new UsageError(
      `--origin is a scheme, a host and no path: ${origin === 'null' ? 'https://www.example.org' : origin}.`,
    );
  return origin;
}

function readHealth(given: string | undefined): URL | undefined {
  if (given === undefined) return undefined;
  if (!/^https?:/i.test(given) || !URL.canParse(given))
    throw new UsageError('--health is a URL: http://10.0.0.2:8081/api/v1/sfu/health.');
  return new URL(given);
}

function readTimeout(text: string): number {
  const [, count = '', unit] = /^(\d{1,6})(ms|s)$/.exec(text) ?? [];
  const ms = Number(count) * (unit === 's' ? 1_000 : 1);
  if (ms === 0 || ms > 600_000)
    throw new UsageError(
      `--timeout is a number with its unit, ms or s, such as 5s; not ${JSON.stringify(text)}.`,
    );
  return ms;
}
