import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../src/index.js';
import { until } from '../../support/poll.js';
import { handshake, type RawSocket } from '../raw-socket.js';
import { joinParams } from './bystander.js';
import type { Start } from './stage.js';

const ways: [string, (raw: RawSocket) => void][] = [
  ['closes', (raw) => raw.destroy()],
  ['is reset', (raw) => raw.reset()],
];

/** Holds up what the relay asks the application, once it is shut. */
function gate() {
  let open = () => {};
  let fail = (_: Error) => {};
  let waiting = 0;
  let passage: Promise<void> | undefined;
  return {
    shut() {
      passage = new Promise((resolve, reject) => {
        open = resolve;
        fail = reject;
      });
      passage.catch(() => {});
    },
    pass(): Promise<void> | undefined {
      waiting += passage ? 1 : 0;
      return passage;
    },
    get waiting() {
      return waiting;
    },
    open: () => open(),
    fail: () => fail(new RelayError('ERR_RELAY_FORBIDDEN', 'The application has changed its mind.')),
  };
}

/** Sockets that are gone while something is under way for them. */
export function vanishing(start: Start): void {
  describe.each(ways)('a socket that %s', (_, vanish) => {
    test('anywhere in its handshake leaves nothing', async () => {
      const stage = await start();
      const request = handshake();
      for (let sent = 0; sent <= request.length; sent += 7) {
        const raw = await stage.connect();
        raw.write(request.slice(0, sent));
        vanish(raw);
      }
      const whole = await Promise.all(Array.from({ length: 20 }, () => stage.connect()));
      for (const raw of whole) raw.write(request);
      for (const raw of whole) vanish(raw);
      await stage.expectOnlyBystander();
    });

    test('in the middle of a frame leaves nothing', async () => {
      const stage = await start();
      const { raw, stream } = await stage.joined();
      raw.write(Uint8Array.of(0x81, 0xfe, 0x10));
      vanish(raw);
      expect(await stream.ended).toBe('half-closed');
      await stage.expectOnlyBystander();
    });

    test.each(['admits', 'refuses'] as const)(
      'while it is authenticated leaves nothing, when the application %s it afterwards',
      async (verdict) => {
        const authentication = gate();
        const stage = await start({
          authenticate: async () => {
            await authentication.pass();
            return {};
          },
        });
        authentication.shut();
        const raw = await stage.open();
        raw.send({ id: 1, method: 'join', params: joinParams('mallory') });
        await until('it is authenticated', () => authentication.waiting === 1);
        vanish(raw);
        await until('the relay knows', () => stage.attached.size === 1);
        if (verdict === 'admits') authentication.open();
        else authentication.fail();
        await stage.expectOnlyBystander();
        expect(stage.sfu.totalStreams).toBe(1);
      },
    );

    test.each(['admits', 'refuses'] as const)(
      'while onJoin decides leaves nothing, when it %s it afterwards',
      async (verdict) => {
        const decision = gate();
        const stage = await start({ hooks: { onJoin: () => decision.pass() } });
        decision.shut();
        const raw = await stage.open();
        raw.send({ id: 1, method: 'join', params: joinParams('mallory') });
        await until('onJoin is asked', () => decision.waiting === 1);
        vanish(raw);
        await stage.expectOnlyBystander();
        if (verdict === 'admits') decision.open();
        else decision.fail();
        await stage.expectOnlyBystander();
        expect(stage.sfu.totalStreams).toBe(1);
      },
    );

    test('while the SFU thinks about its join leaves nothing', async () => {
      const stage = await start();
      const { onJoin } = stage.sfu.ion;
      stage.sfu.script.onJoin = () => {};
      const raw = await stage.open();
      raw.send({ id: 1, method: 'join', params: joinParams('mallory') });
      const stream = await stage.sfu.waitFor((sfu) =>
        [...sfu.streams].find((each) => each !== stage.bystander.stream && each.requests('join').length > 0),
      );
      vanish(raw);
      expect(await stream.ended).toBe('half-closed');
      stage.sfu.script.onJoin = onJoin;
      await stage.expectOnlyBystander();
    });

    test('right after its join was sent, or answered, leaves nothing', async () => {
      const stage = await start();
      for (const patience of [0, 1, 2, 3, 4, 5]) {
        const raw = await stage.open();
        raw.send({ id: 1, method: 'join', params: joinParams(`mallory-${patience}`) });
        for (let turn = 0; turn < patience * 3; turn += 1) await new Promise(setImmediate);
        vanish(raw);
        const answered = await stage.open();
        await answered.request('join', 'join', joinParams(`answered-${patience}`));
        vanish(answered);
      }
      await stage.expectOnlyBystander();
    });

    test('with an onLeave that fails leaves a line in the log, and nothing else', async () => {
      const stage = await start({
        hooks: {
          onLeave: ({ session }) => {
            if (session.userId === 'mallory') throw new Error('the database is down');
          },
        },
        expectedFaults: ['onLeave failed'],
      });
      const { raw, stream } = await stage.joined();
      vanish(raw);
      expect(await stream.ended).toBe('half-closed');
      await stage.expectOnlyBystander();
    });

    test('with requests that are not answered yet leaves nothing', async () => {
      const stage = await start();
      const { raw, stream } = await stage.joined();
      stage.sfu.script.onDescription = () => {};
      stage.sfu.script.onSubscription = () => {};
      const { offer } = joinParams('mallory');
      raw.send({ id: 2, method: 'offer', params: { desc: offer } });
      raw.send({ id: 3, method: 'offer', params: { desc: offer } });
      await stage.sfu.waitFor(() => stream.requests('description').length > 0);
      vanish(raw);
      expect(await stream.ended).toBe('half-closed');
      await stage.expectOnlyBystander();
    });
  });
}
