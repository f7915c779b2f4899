import { LIMITS } from '../../protocol/limits.js';
import { loadPeer } from '../../util/optional-peer.js';
import { readArguments } from '../read-arguments.js';
import { type Command, type ExitCode, type Terminal, UsageError } from '../terminal.js';
import { readClaim } from './claim.js';
import { DEFAULT_VARIABLE, readSecret } from './read-secret.js';

const DEFAULT_TTL = '1h';

const HELP = `Usage: sfu-relay token --user <id> [options]

Signs a JSON Web Token (HS256) for development, and prints it alone on stdout. A relay with
authenticate: jwt({ secret }) of sfu-relay/auth accepts it. In production your backend issues tokens.

  --user <id>              the user: the claim "sub"
  --room <name>            the only room, or a pattern such as class-*; default: any room
  --grant <name>[=<value>] a grant, as in LiveKit's claim "video"; may be repeated:
                             canPublish, canSubscribe, canPublishData, hidden, roomAdmin: true or false
                             canPublishSources: camera,microphone,screen_share,screen_share_audio
  --audience <name>        the claim "aud", as the option "audience" of jwt()
  --issuer <name>          the claim "iss", as the option "issuer" of jwt()
  --ttl <time>             how long it is valid: 90s, 15m, 2h, 7d; default: ${DEFAULT_TTL}
  --secret-env <name>      the variable of the environment that has the secret; default: ${DEFAULT_VARIABLE}
  --secret-stdin           reads the secret from stdin, without the line break at its end

  LIVE_SECRET=… npx sfu-relay token --user alice --room lobby --audience live
  pass show live | npx sfu-relay token --user bob --grant canPublish=false --secret-stdin

Needs the package jose: npm install jose.
`;

const OPTIONS = {
  user: { type: 'string' },
  room: { type: 'string' },
  grant: { type: 'string', multiple: true },
  audience: { type: 'string' },
  issuer: { type: 'string' },
  ttl: { type: 'string' },
  'secret-env': { type: 'string' },
  'secret-stdin': { type: 'boolean' },
  // Only to say why there is no such option.
  secret: { type: 'string' },
} as const;

/** `sfu-relay token`. */
export const token: Command = { help: HELP, run: signToken };

async function signToken(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, OPTIONS);
  if (values.secret !== undefined)
    throw new UsageError(
      `Everybody on this machine sees the arguments of a command: set ${DEFAULT_VARIABLE} in the environment, or write --secret-stdin.`,
    );
  if (positionals.length > 0)
    throw new UsageError(
      `${JSON.stringify(positionals[0])} belongs to no option: write --user ${positionals[0]}?`,
    );
  const user = readText('user', values.user);
  if (user === undefined) throw new UsageError('Name the user: --user alice.');
  const video = readClaim(readText('room', values.room), values.grant ?? []);
  const lifetime = readLifetime(values.ttl ?? DEFAULT_TTL);
  const [audience, issuer] = [readText('audience', values.audience), readText('issuer', values.issuer)];
  const secret = await readSecret(
    { variable: values['secret-env'], fromStdin: values['secret-stdin'] === true },
    terminal,
  );
  const { SignJWT } = await loadPeer({ name: 'jose', user: 'sfu-relay token' }, () => import('jose'));
  const draft = new SignJWT({ video })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(lifetime);
  if (audience !== undefined) draft.setAudience(audience);
  if (issuer !== undefined) draft.setIssuer(issuer);
  terminal.out(`${await draft.sign(secret)}\n`);
  return 0;
}

const { maxIdLength: MAX_ID_LENGTH } = LIMITS;

function readText(name: string, value: string | undefined): string | undefined {
  if (value === '') throw new UsageError(`--${name} is empty.`);
  if ((name === 'user' || name === 'room') && (value?.length ?? 0) > MAX_ID_LENGTH)
    throw new UsageError(`--${name} is longer than ${MAX_ID_LENGTH} characters.`);
  return value;
}

/** As jose reads a time span. */
function readLifetime(text: string): string {
  const [, count = '', unit = ''] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  if (Number(count) === 0)
    throw new UsageError(
      `--ttl is a number with its unit, s, m, h or d, such as 15m; not ${JSON.stringify(text)}.`,
    );
  return `${Number(count)} ${unit}`;
}
