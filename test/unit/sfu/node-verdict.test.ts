import { afterEach, expect, test } from 'vitest';
import { RelayError } from '../../../src/protocol/errors.js';
import { NodeHealth } from '../../../src/sfu/node-health.js';
import { silentLogger } from '../../../src/util/logger.js';

let health: NodeHealth | undefined;
let hears = false;
let probes: { answer(): void; fail(): void }[] = [];

afterEach(() => {
  health?.close();
  hears = false;
  probes = [];
});

/** A watched node whose probes the test answers. */
function watched(): NodeHealth {
  health = new NodeHealth({
    serverUrl: 'sfu:1',
    logger: silentLogger,
    watch: { intervalMs: 3_600_000, timeoutMs: 1_000 },
    probe: () =>
      new Promise((resolve, reject) => {
        probes.push({
          answer: resolve,
          fail: () => reject(new RelayError('ERR_RELAY_SFU_UNAVAILABLE', 'Refused.')),
        });
      }),
    takeHeard: () => {
      const heard = hears;
      hears = false;
      return heard;
    },
    isUsed: () => true,
    onDown: () => {},
    onUp: () => {},
  });
  return health;
}

/** Lets the probe that was settled last have its effect. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a probe that was on its way may have been answered before the node died: another one follows', async () => {
  const node = watched();
  void node.check();
  const verdict = node.recheck();
  probes[0]?.answer();
  await turn();
  expect(probes).toHaveLength(2);
  probes[1]?.fail();
  await turn();
  probes[2]?.fail();
  await verdict;
  expect(node.state).toBe('down');
});

test('what a node has sent just before it died is no proof of life', async () => {
  const node = watched();
  const verdict = node.check();
  hears = true;
  probes[0]?.fail();
  await turn();
  probes[1]?.fail();
  await turn();
  probes[2]?.fail();
  await verdict;
  expect(node.state).toBe('down');
});

test('a node that goes on sending lives, whatever becomes of the probes', async () => {
  const node = watched();
  const verdict = node.check();
  for (const index of [0, 1]) {
    hears = true;
    probes[index]?.fail();
    await turn();
  }
  await verdict;
  expect(node.state).toBe('up');
});
