import { describe, expect, test } from 'vitest';
import type { ContractStage } from '../contract-stage.js';

export function malformedMessagesSuite(stage: ContractStage): void {
  const { start, open } = stage;

  describe('malformed messages', () => {
    test.each([
      ['no JSON', '{"jsonrpc":', null, -32700, 'ERR_RELAY_PARSE'],
      ['a batch', '[{"id":1,"method":"ping"}]', null, -32600, 'ERR_RELAY_INVALID_REQUEST'],
      ['a JSON string', '"ping"', null, -32600, 'ERR_RELAY_INVALID_REQUEST'],
      ['null', 'null', null, -32600, 'ERR_RELAY_INVALID_REQUEST'],
      [
        'another version',
        '{"jsonrpc":"1.0","id":91,"method":"ping"}',
        91,
        -32600,
        'ERR_RELAY_INVALID_REQUEST',
      ],
      ['an id that is an object', '{"id":{},"method":"ping"}', null, -32600, 'ERR_RELAY_INVALID_REQUEST'],
      ['no method', '{"id":"a"}', 'a', -32600, 'ERR_RELAY_INVALID_REQUEST'],
      ['params in a list', '{"id":2,"method":"ping","params":[1]}', 2, -32602, 'ERR_RELAY_INVALID_PARAMS'],
      ['an unknown method', '{"id":3,"method":"fly"}', 3, -32601, 'ERR_RELAY_METHOD_NOT_FOUND'],
      ['a method of Object', '{"id":4,"method":"constructor"}', 4, -32601, 'ERR_RELAY_METHOD_NOT_FOUND'],
      [
        'a __proto__ key',
        '{"id":5,"method":"join","params":{"__proto__":{"sid":"x"}}}',
        5,
        -32602,
        'ERR_RELAY_INVALID_PARAMS',
      ],
      [
        'an offer before the join',
        '{"id":6,"method":"offer","params":{}}',
        6,
        -32010,
        'ERR_RELAY_INVALID_STATE',
      ],
      ['a leave before the join', '{"id":7,"method":"leave"}', 7, -32010, 'ERR_RELAY_INVALID_STATE'],
    ])('%s gets its error, and the connection goes on', async (_, text, id, code, name) => {
      const client = await open();
      client.send(text);
      const answer = await client.next(() => true);
      expect(answer).toMatchObject({ jsonrpc: '2.0', id, error: { code, data: { code: name } } });
      expect((await client.request('ping')).result).toEqual({});
    });

    test('a binary frame gets an error, and the connection goes on', async () => {
      const client = await open();
      client.sendBinary(Buffer.from('{"id":1,"method":"ping"}'));
      expect((await client.next(() => true)).error?.code).toBe(-32600);
      expect((await client.request('ping')).result).toEqual({});
    });

    test('a message at maxMessageBytes is read, one byte more closes with 4413', async () => {
      await start({ maxMessageBytes: 2_000 });
      const client = await open();
      const padded = (bytes: number) => {
        const empty = JSON.stringify({ id: 1, method: 'ping', params: { pad: '' } });
        return JSON.stringify({ id: 1, method: 'ping', params: { pad: 'x'.repeat(bytes - empty.length) } });
      };
      client.send(padded(2_000));
      expect((await client.next(() => true)).result).toEqual({});
      client.send(padded(2_001));
      expect((await client.closed).code).toBe(4413);
    });
  });
}
