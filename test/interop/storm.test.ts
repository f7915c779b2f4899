import { afterEach, expect, test } from 'vitest';
import { describeReal } from '../support/real.js';
import { type ClientName, Scene } from './cases.js';
import { Gate } from './gate.js';
import { startNginx } from './servers.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describeReal(['nginx', 'go'], 'behind an nginx that leaves every connection after 100 requests', () => {
  test.each<ClientName>(['http2', 'grpc-js'])(
    'by %s: 50 sessions survive 20 GOAWAYs, and of a storm of joins none is lost',
    async (client) => {
      const nginx = await startNginx({ directives: 'keepalive_requests 100;' });
      cleanups.push(() => nginx.stop());
      const gate = await Gate.before(nginx.address);
      cleanups.push(() => gate.close());
      const scene = new Scene(gate, client, { keepaliveTimeMs: 250, pingTimeoutMs: 5_000 });
      cleanups.push(() => scene.node.close());
      const sessions = await scene.joins(50);

      let joins = 0;
      const comeAndGo = async () => {
        while (gate.connections <= 20) {
          const talk = await scene.join();
          joins += 1;
          await talk.leave();
        }
      };
      await Promise.all(Array.from({ length: 40 }, comeAndGo));
      expect(joins).toBeGreaterThan(1_500);

      await Promise.all(sessions.map((session) => session.echo()));
      for (const session of sessions) await session.leave();
      expect(scene.warn).not.toHaveBeenCalled();
    },
  );
});
