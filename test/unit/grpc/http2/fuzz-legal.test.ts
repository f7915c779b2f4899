import { expect, test } from 'vitest';
import { Random } from '../../../fuzz/random.js';
import { certificates } from './certificates.js';
import { FuzzModel } from './fuzz-model.js';
import { useStage } from './stage.js';

/** Of a longer run: `HTTP2_FUZZ_RUNS=5000 HTTP2_FUZZ_SEED=1 npx vitest run --project unit fuzz-legal`. */
const RUNS = Number(process.env.HTTP2_FUZZ_RUNS ?? 12);
const FIRST_SEED = Number(process.env.HTTP2_FUZZ_SEED ?? 1);
const STEPS = 300;
const MS_PER_RUN = 5_000;

const stage = useStage();
const clientTls = { tls: { ca: certificates.ca } };
const serverTls = { ...certificates.server, ALPNProtocols: ['h2'] };

test(
  'whatever a server does that it may, each call comes to what it says',
  async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
      const random = new Random(seed);
      const initialWindow = random.pick([0, 1, 100, 2_000, 1_000_000]);
      const values = { INITIAL_WINDOW_SIZE: initialWindow };
      const isOverTls = random.chance(0.3);
      const { peer, connection } = await (isOverTls
        ? stage.open(values, clientTls, serverTls)
        : stage.open(values));
      await new FuzzModel(random, peer, connection, initialWindow).run(STEPS).catch((error: Error) => {
        throw new Error(`with HTTP2_FUZZ_SEED=${seed}: ${error.message}`, { cause: error });
      });
      expect(stage.lost).not.toContain(connection);
      connection.close();
      await peer.gone();
    }
  },
  20_000 + RUNS * MS_PER_RUN,
);
