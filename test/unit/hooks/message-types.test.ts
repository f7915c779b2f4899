import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  anonymous,
  chat,
  gift,
  type Hooks,
  like,
  type MessageContext,
  type MessageKinds,
  SfuRelay,
  type SfuRelayOptions,
} from '../../../src/index.js';

const base = { sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous() };

/** Each case is checked by the compiler: `npm run check` fails where a type is another one. */
describe('onMessage knows the data of each kind', () => {
  test('by the schemas that `messages` declares', () => {
    new SfuRelay({
      ...base,
      messages: {
        chat: chat({ maxLength: 500 }),
        gift: gift(),
        like: like(),
        poll: { schema: z.object({ question: z.string(), votes: z.string().transform(Number) }) },
        cursor: { mayDrop: true },
      },
      hooks: {
        onMessage({ kind, data }) {
          expectTypeOf(kind).toEqualTypeOf<'chat' | 'gift' | 'like' | 'poll' | 'cursor'>();
          if (kind === 'chat') expectTypeOf(data).toEqualTypeOf<{ text: string }>();
          if (kind === 'gift') expectTypeOf(data).toEqualTypeOf<{ gift: string; count: number }>();
          if (kind === 'like') expectTypeOf(data).toEqualTypeOf<{ count: number }>();
          if (kind === 'poll') expectTypeOf(data).toEqualTypeOf<{ question: string; votes: number }>();
          if (kind === 'cursor') expectTypeOf(data).toBeUnknown();
        },
      },
    });
  });

  test('of chat and like where `messages` is left out', () => {
    new SfuRelay({
      ...base,
      hooks: {
        async onMessage(message) {
          expectTypeOf(message.kind).toEqualTypeOf<'chat' | 'like'>();
          if (message.kind === 'chat') expectTypeOf(message.data.text).toBeString();
          else expectTypeOf(message.data.count).toBeNumber();
        },
      },
    });
  });

  test('of a predefined kind with another schema', () => {
    new SfuRelay({
      ...base,
      messages: { chat: chat({ schema: z.object({ text: z.string(), color: z.enum(['red', 'blue']) }) }) },
      hooks: {
        onMessage: ({ data }) => expectTypeOf(data).toEqualTypeOf<{ text: string; color: 'red' | 'blue' }>(),
      },
    });
  });

  test('and as unknown where the kinds are not known', () => {
    expectTypeOf<MessageContext['kind']>().toEqualTypeOf<string>();
    expectTypeOf<MessageContext['data']>().toBeUnknown();
    const messages: MessageKinds = { chat: chat() };
    const hooks: Hooks = { onMessage: ({ data }) => expectTypeOf(data).toBeUnknown() };
    const options: SfuRelayOptions = { ...base, messages, hooks };
    new SfuRelay(options);
  });

  test('a relay of any kinds is an SfuRelay', () => {
    const relay = new SfuRelay({ ...base, messages: { poll: { schema: z.object({ n: z.number() }) } } });
    expectTypeOf(relay).toExtend<SfuRelay>();
  });
});
