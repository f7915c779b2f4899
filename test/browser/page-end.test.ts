import { expect, test } from 'vitest';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant, OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { useStage } from '../support/stage.js';

/** Much less than the relay keeps a session without a connection. */
const SOON = { timeoutMs: 5_000, intervalMs: 20 };

for (const browser of ['chromium', 'firefox'] as const)
  describeReal(['ion', 'chromium', browser], `a page in ${browser}`, () => {
    const stage = useStage(startIon);

    const enter = (entry: Parameters<typeof stage.enter>[1] = {}): Promise<BrowserParticipant<OpenTab>> =>
      browser === 'firefox' ? stage.enterByFirefox('alice', entry) : stage.enter('alice', entry);
    const sessions = () =>
      (stage.relay.rooms.get(stage.room)?.participants ?? []).map(({ sessionId }) => sessionId);
    const run = <R>({ tab }: BrowserParticipant<OpenTab>, work: () => R) => tab.page.evaluate(work);

    test('that is reloaded leaves the room at once, and is there once after the next join', async () => {
      const alice = await enter();
      expect(sessions()).toEqual([alice.sessionId]);
      await alice.tab.page.reload();
      await until('nobody is in the room', () => sessions().length === 0, SOON);
      await alice.join();
      expect(sessions()).toEqual([alice.sessionId]);
    });

    test('that shows another one has left the room', async () => {
      const alice = await enter();
      await run(alice, () => location.assign('/pages/ion.html'));
      await until('nobody is in the room', () => sessions().length === 0, SOON);
      // A browser may not answer who closes a page that is on its way.
      const hasLoaded = () => location.pathname === '/pages/ion.html' && document.readyState === 'complete';
      await until('the other page is there', () => run(alice, hasLoaded));
    });

    test('that is closed has left the room', async () => {
      const alice = await enter();
      await alice.close();
      await until('nobody is in the room', () => sessions().length === 0, SOON);
    });

    test('with "resumeAcrossReloads" keeps its place, where the browser lets it: the others see it until it has joined again', async () => {
      const bob = await stage.enter('bob');
      const alice = await enter({ resumeAcrossReloads: true });
      const camera = await alice.publishCamera();
      await bob.sees(camera);
      const before = alice.sessionId;
      await alice.tab.page.reload();
      // Firefox closes the socket before it tells the page of its end.
      const stays = browser === 'firefox' ? undefined : 'detached';
      await until('the connection is lost', () => stage.relay.getSession(before)?.connection === stays);
      expect(sessions()).toEqual(stays ? [bob.sessionId, before] : [bob.sessionId]);
      await alice.join();
      expect(sessions()).not.toContain(before);
      expect(await run(alice, () => sessionStorage.length)).toBe(0);
      await bob.sees(await alice.publishCamera());
      expect(await bob.others()).toEqual(['alice']);
      const { participants } = await bob.heard();
      const states = participants.map(({ state }) => state).filter((state) => state !== 'updated');
      expect(states).toEqual(['joined', 'left', 'joined']);
    });
  });
