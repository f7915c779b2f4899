import { UsageError } from '../terminal.js';

const FLAGS = ['canPublish', 'canSubscribe', 'canPublishData', 'hidden', 'roomAdmin'];
const LISTS: Readonly<Record<string, readonly string[]>> = {
  canPublishSources: ['camera', 'microphone', 'screen_share', 'screen_share_audio'],
};

/**
 * The claim `video` of a token.
 * @param grants each `name`, or `name=value`
 * @throws UsageError
 */
export function readClaim(room: string | undefined, grants: readonly string[]): Record<string, unknown> {
  const claim: Record<string, unknown> = { roomJoin: true, ...(room !== undefined && { room }) };
  for (const grant of grants) {
    const [name = '', ...rest] = grant.split('=');
    if (name === 'room') throw new UsageError('The room has an option of its own: --room lobby.');
    if (Object.hasOwn(claim, name)) throw new UsageError(`The grant ${name} is given twice.`);
    claim[name] = readValue(name, rest.length === 0 ? undefined : rest.join('='));
  }
  return claim;
}

function readValue(name: string, value: string | undefined): boolean | string[] {
  if (FLAGS.includes(name)) {
    if (value !== undefined && value !== 'true' && value !== 'false')
      throw new UsageError(`The grant ${name} is true or false: --grant ${name}=false.`);
    return value !== 'false';
  }
  const possible = Object.hasOwn(LISTS, name) ? LISTS[name] : undefined;
  if (!possible)
    throw new UsageError(
      `There is no grant ${JSON.stringify(name)}: there are ${[...FLAGS, ...Object.keys(LISTS)].join(', ')}.`,
    );
  const items = (value ?? '').split(',').filter(Boolean);
  const unknown = items.find((item) => !possible.includes(item));
  if (items.length === 0 || unknown !== undefined)
    throw new UsageError(
      `The grant ${name} is a list of ${possible.join(', ')}: --grant ${name}=${possible[0]}.`,
    );
  return items;
}
