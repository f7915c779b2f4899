import { expect, test } from 'vitest';
import { z } from 'zod';
import { anonymous, type MessageKinds, RelayError, SfuRelay } from '../../../src/index.js';

function complaint(messages: unknown): string {
  try {
    const options = { sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous() };
    void new SfuRelay({ ...options, messages: messages as MessageKinds });
  } catch (error) {
    return error instanceof RelayError ? `${error.code}: ${error.message}` : String(error);
  }
  return 'none';
}

test('wrong kinds are refused by what to write instead', () => {
  const wrong: [unknown, string][] = [
    [null, '"messages" must be kinds by name'],
    [{ 'a b': {} }, '"messages.a b": name kinds by letters'],
    [{ poll: true }, '"messages.poll" needs an object: write poll: { schema }'],
    [{ poll: { schema: { parse: () => 1 } } }, '"messages.poll.schema" is no Standard Schema'],
    [{ poll: { maxDataBytes: 0 } }, '"maxDataBytes"'],
    [{ poll: { history: { maxMessages: 'all' } } }, '"maxMessages"'],
    [{ poll: { history: {}, tally: {} } }, 'leave one out'],
  ];
  for (const [messages, advice] of wrong) {
    expect(complaint(messages)).toContain('ERR_RELAY_CONFIG: ');
    expect(complaint(messages)).toContain(advice);
  }
  expect(complaint({ poll: { schema: z.string() }, note: {} })).toBe('none');
});
