import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Bystander } from '../contract/hostile/bystander.js';
import { type Serve, useStage } from '../contract/hostile/stage.js';
import { Child } from '../support/child.js';
import { collectGarbage } from '../support/garbage.js';
import { until } from '../support/poll.js';

const CROWD = 10_000;
/** What the test, the relay and the SFU have open besides. */
const OTHER_FILES = 200;
const script = fileURLToPath(new URL('../support/idle-crowd.js', import.meta.url));

/** The crowd's process has as many sockets as the relay's; each of them may open so many. */
function checkFileLimit(): void {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { hard?: unknown } } };
  const { hard } = userLimits?.open_files ?? {};
  if (typeof hard === 'number' && hard < CROWD + OTHER_FILES)
    throw new Error(
      `This test opens ${CROWD} connections, and the limit of open files is ${hard}: raise it, \`ulimit -Hn ${CROWD + OTHER_FILES}\` or more.`,
    );
}

/** Those who come and say nothing. */
export function idleCrowd(transport: string, serve: Serve): void {
  describe(`${CROWD} connections over ${transport} that never authenticate`, () => {
    const start = useStage(serve);
    test('take nothing from the others, and are closed with 4408', async () => {
      checkFileLimit();
      const stage = await start({ handshakeTimeoutMs: 14_000 });
      const idle = new Child(process.execPath, [script, String(stage.server.port), String(CROWD)]);
      try {
        await idle.output(/^open \d+$/m);
        expect(stage.attached.size).toBe(1 + CROWD);
        const everybody = [...stage.attached].map((connection) => new WeakRef(connection));

        const newcomer = await Bystander.join(stage.sfu, stage.url, 'newcomer');
        await newcomer.expectServed();
        await stage.bystander.expectServed();
        expect(stage.attached.size).toBe(2 + CROWD);
        expect(stage.relay.sessions.size).toBe(2);
        await newcomer.client.close();

        const [, codes = ''] = await idle.output(/^closed \d+ (.*)$/m);
        expect(JSON.parse(codes)).toEqual({ 4408: CROWD });
        await stage.expectOnlyBystander();
        await until('no connection is kept in memory', () => {
          collectGarbage();
          return everybody.filter((connection) => connection.deref()).length === 1;
        });
      } finally {
        await idle.stop();
      }
    }, 60_000);
  });
}
