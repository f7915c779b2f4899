import { describe, expect, test } from 'vitest';
import type { ContractStage } from '../contract-stage.js';
import { WireClient } from '../wire-client.js';

export function handshakeSuite(stage: ContractStage): void {
  const { open } = stage;

  describe('the handshake', () => {
    test('answers with sfu-relay.v1, and never echoes the token', async () => {
      expect((await open()).protocol).toBe('sfu-relay.v1');
      expect((await open(['bearer.secret', 'sfu-relay.v1'])).protocol).toBe('sfu-relay.v1');
    });

    test('serves a client that offers no subprotocol', async () => {
      const client = await open([]);
      expect((await client.request('ping')).result).toEqual({});
    });

    test('closes a client that speaks only others with 4406', async () => {
      const client = new WireClient(stage.connect(['graphql-ws'], {}, ''));
      const { code } = await client.closed;
      // ws clients end a handshake without an agreed subprotocol themselves.
      expect([4406, 1006]).toContain(code);
    });
  });
}
