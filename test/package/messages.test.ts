import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { ConsumerProject } from '../support/consumer.js';
import { examplesOf } from '../support/readme.js';

/** Two who share a room; what they send, and what the second hears. */
const TALK = `
  export async function talk(relay, messages) {
    const sdp = process.env.OFFER;
    const [one, other] = [
      await relay.createSession({ roomId: 'lobby', userId: 'ada', sdp }),
      await relay.createSession({ roomId: 'lobby', userId: 'ben', sdp }),
    ];
    const heard = [];
    other.on('message', ({ kind, data }) => heard.push([kind, data]));
    const refused = [];
    for (const message of messages) await one.send(message).catch((error) => refused.push(error.message));
    await relay.close();
    process.stdout.write(JSON.stringify({ heard, refused }));
    process.exit();
  }
`;

describe('the examples of the guides to messages and moderation', () => {
  let sfu: ScriptedSfu;
  let project: ConsumerProject;
  let examples: Map<string, string>;

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    project = await ConsumerProject.create('module', ['zod']);
    const guides = await Promise.all(['docs/MESSAGES.md', 'docs/MODERATION.md'].map(examplesOf));
    examples = new Map(guides.flatMap((each) => [...each]));
    for (const [name, code] of examples) await project.write(`${name}.js`, code);
    await project.write('talk.js', TALK);
  });
  afterAll(async () => {
    await project?.remove();
    await sfu?.stop();
  });

  async function run(name: string, code: string) {
    await project.write(`use-${name}.js`, `import { talk } from './talk.js';\n${code}`);
    return JSON.parse(
      await project.run(`use-${name}.js`, {
        SFU_URL: sfu.address,
        LIVE_SECRET: 'a secret of thirty-two bytes, or more',
        OFFER: fakeOffer(),
      }),
    );
  }

  test('each marked one has a test here', () => {
    expect([...examples.keys()].sort()).toEqual(['gifts', 'messages', 'moderation']);
  });

  test('kinds of one’s own, with a schema', async () => {
    const { heard, refused } = await run(
      'messages',
      `import { relay } from './messages.js';
       const poll = { question: 'Tea?', options: ['yes', 'no'] };
       await talk(relay, [{ kind: 'poll', data: poll }, { kind: 'poll', data: {} }, { kind: 'cursor', data: [1, 2] }]);`,
    );
    expect(heard).toEqual([
      ['poll', { question: 'Tea?', options: ['yes', 'no'] }],
      ['cursor', [1, 2]],
    ]);
    expect(refused).toEqual([expect.stringContaining('The "poll" is refused: data.question')]);
  });

  test('gifts that are paid', async () => {
    const { heard, refused } = await run(
      'gifts',
      `import { relayWith } from './gifts.js';
       const charges = [];
       const accounts = { charge: async (user, gift, count, id) => charges.push(id) < 2 };
       const rose = { kind: 'gift', data: { gift: 'rose' } };
       await talk(relayWith(accounts), ['g1', 'g1', 'g2'].map((id) => ({ ...rose, id })));`,
    );
    expect(heard).toEqual([['gift', { gift: 'rose', count: 1 }]]);
    expect(refused).toEqual(['You do not have enough coins.']);
  });

  test('onMessage, which changes and refuses', async () => {
    const { heard, refused } = await run(
      'moderation',
      `import { relay } from './moderation.js';
       const texts = ['oh darn', 'see http://example.org', 'hello'];
       await talk(relay, texts.map((text) => ({ kind: 'chat', data: { text } })));`,
    );
    expect(heard.map(([, { text }]: [string, { text: string }]) => text)).toEqual(['oh ****', 'hello']);
    expect(refused).toEqual(['No links, please.']);
  });
});
