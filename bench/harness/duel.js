import { Load } from './load.js';
import { startTarget } from './targets.js';

const MICRO = 1e6;
/** How often each of the two gets its share of a figure. */
const TURNS = 6;
/** Until a turn costs no more than the one before: of fewer joins, a fifth of what is measured is compilation. */
const WARM_UP = { viewers: 4_000, rounds: 8_000, publishers: 2_500, messages: 6_000 };

/** What is measured, and how much of it at a time. Each `turn` gives the outcome of the load. */
export const FIGURES = {
  trickle: {
    title: 'trickle round',
    prepare: async (load) => {
      await load.churn(WARM_UP.viewers, { window: 20, role: 'viewer' });
      await load.join(200, { window: 20, role: 'viewer' });
      await load.rounds(WARM_UP.rounds, { window: 100 });
    },
    turn: (load) => load.rounds(6_000, { window: 100 }),
    end: (load) => load.leave(),
  },
  viewers: {
    title: 'join of a viewer',
    prepare: (load) => load.churn(WARM_UP.viewers, { window: 20, role: 'viewer' }),
    turn: (load) => load.join(250, { window: 20, role: 'viewer' }),
    end: (load) => load.leave(),
  },
  publishers: {
    title: 'join of a publisher',
    prepare: (load) => load.churn(WARM_UP.publishers, { window: 20, role: 'publisher' }),
    turn: (load) => load.join(150, { window: 20, role: 'publisher' }),
    end: (load) => load.leave(),
  },
  messages: {
    title: 'message to a room of 20',
    prepare: async (load) => {
      await load.join(200, { window: 20, role: 'viewer', roomSize: 20 });
      await load.messages(WARM_UP.messages, { window: 20 });
    },
    turn: (load) => load.messages(1_500, { window: 20 }),
    end: (load) => load.leave(),
  },
};

/** One relay and the process that loads it. */
class Contestant {
  #relay;
  load;

  static async start({ target, tools }) {
    const contestant = new Contestant();
    contestant.load = await Load.start(tools.load);
    try {
      contestant.#relay = await startTarget(target, contestant.load.sfu, tools);
      await contestant.load.aim(contestant.#relay);
      return contestant;
    } catch (error) {
      await contestant.stop();
      throw error;
    }
  }

  async stop() {
    this.load.stop();
    await this.#relay?.stop();
  }
}

/**
 * Measures two relays side by side.
 * @param figures names of FIGURES
 * @param reversed whether the other one begins
 * @returns `{figure, one, other}` each: µs of the relay's CPU
 */
export async function measurePair(one, other, figures, reversed) {
  const contestants = [];
  try {
    for (const each of [one, other]) contestants.push(await Contestant.start(each));
    const results = [];
    for (const figure of figures) {
      const [value, otherValue] = await measure(FIGURES[figure], contestants, reversed);
      results.push({ figure, one: value, other: otherValue });
    }
    return results;
  } finally {
    await Promise.all(contestants.map((each) => each.stop()));
  }
}

async function measure({ prepare, turn, end }, contestants, reversed) {
  const totals = contestants.map(() => ({ cpu: 0, count: 0 }));
  for (const { load } of contestants) await prepare(load);
  for (let round = 0; round < TURNS; round += 1) {
    // a b, b a, a b …: neither is always the one that follows the other.
    const order = (round % 2 === 1) === reversed ? [0, 1] : [1, 0];
    for (const index of order) {
      const { cpu, count } = await turn(contestants[index].load);
      totals[index].cpu += cpu;
      totals[index].count += count;
    }
  }
  for (const { load } of contestants) await end(load);
  return totals.map(({ cpu, count }) => (cpu * MICRO) / count);
}
