import { describe, expect, test } from 'vitest';
import type { Guest, ResumptionStage } from './stage.js';

export function placesSuite(stage: ResumptionStage): void {
  const { enter, lose, ended } = stage;

  const limited = (resumption: { maxDetached?: number; maxDetachedPerAddress?: number }) =>
    stage.start({ relay: { resumption, logger: false } });

  async function endsAtOnce({ client, session, stream }: Guest): Promise<void> {
    await client.vanish();
    await ended(session);
    expect(await stream.ended).toBe('half-closed');
    await client.connect();
    expect((await client.resume()).error?.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
  }

  describe.each(['maxDetached', 'maxDetachedPerAddress'] as const)('with %s', (limit) => {
    test('so many sessions wait for their clients; one more ends with its connection', async () => {
      await limited({ [limit]: 2 });
      const [alice, bob, carol] = [await enter('alice'), await enter('bob'), await enter('carol')];
      await lose(alice);
      await lose(bob);
      await endsAtOnce(carol);
      expect((await alice.client.comeBack()).error).toBeUndefined();
      expect((await bob.client.comeBack()).error).toBeUndefined();
    });

    test('a place is free again when a session has been resumed, or has ended', async () => {
      await limited({ [limit]: 1 });
      const [alice, bob, carol] = [await enter('alice'), await enter('bob'), await enter('carol')];
      await lose(alice);
      await alice.client.comeBack();
      await lose(bob);
      await stage.relay.closeSession(bob.session.id);
      await lose(carol);
      await endsAtOnce(alice);
    });

    test('none waits with 0', async () => {
      await limited({ [limit]: 0 });
      await endsAtOnce(await enter('alice'));
    });
  });

  test('a waiting session takes no place among the connections of its address', async () => {
    await stage.start({ relay: { limits: { maxConnectionsPerAddress: 1 } } });
    const alice = await enter('alice');
    await lose(alice);
    const bob = stage.client();
    await bob.connect();
    expect((await bob.join(stage.joinParams({ uid: 'bob' }))).error).toBeUndefined();
    await bob.close();
    expect((await alice.client.comeBack()).error).toBeUndefined();
  });
}
