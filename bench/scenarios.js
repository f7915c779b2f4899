/** What is done to a relay, and what is read off it. Every figure is `{figure, sessions, value, unit}`. */

/** @returns how large the scenarios are. */
export function settings(quick) {
  return quick
    ? {
        repeat: 1,
        warmUp: { cycles: 20, sessions: 20, rounds: 200 },
        sizes: [20, 100],
        rounds: 1_000,
        window: 20,
        active: 20,
        rate: 500,
        paced: 500,
        publishers: 50,
        room: { size: 10, count: 4, messages: 100 },
        churn: { cycles: 100, parts: 2, window: 10 },
      }
    : {
        repeat: 5,
        warmUp: { cycles: 3_000, sessions: 200, rounds: 20_000 },
        sizes: [200, 1_000, 2_000, 5_000, 10_000],
        rounds: 50_000,
        window: 200,
        active: 200,
        rate: 2_000,
        paced: 6_000,
        publishers: 2_000,
        room: { size: 100, count: 10, messages: 2_000 },
        churn: { cycles: 100_000, parts: 10, window: 50 },
      };
}

const MICRO = 1e6;
const perPiece = ({ cpu, count }) => (cpu * MICRO) / count;

/**
 * Until the code is compiled and the pools are filled: what is measured then is what lasts. What the warming up leaves in
 * the process counts as memory of the sessions that come after it.
 */
async function warmUp(load, { cycles, sessions, rounds }, window, role) {
  await load.churn(cycles, { window: Math.min(20, cycles), role });
  await load.join(sessions, { window: 20, role });
  await load.rounds(rounds, { window: Math.min(window, sessions) });
  await load.leave();
}

/** A collection that is forced throws compiled code away, too: it has to be there again before more is measured. */
async function warmAgain(load, { cycles, rounds }, window) {
  await load.churn(Math.ceil(cycles / 3), { window: Math.min(20, cycles), role: 'viewer' });
  await load.rounds(rounds, { window });
}

/** More and more sessions on one process, of viewers, as most are: joins, memory, candidates there and back. */
async function growth({ load, relay, scale }) {
  const figures = [];
  const add = (sessions, figure, value, unit) => figures.push({ figure, sessions, value, unit });
  const empty = await relay.memory();
  await warmUp(load, scale.warmUp, scale.window, 'viewer');
  let before = 0;
  for (const sessions of scale.sizes) {
    const joins = await load.join(sessions - before, { window: 20, role: 'viewer' });
    add(sessions, 'join: CPU', perPiece(joins), 'µs');
    add(sessions, 'join: p50', joins.p50, 'ms');
    add(sessions, 'join: p99', joins.p99, 'ms');
    add(sessions, 'joins', joins.count / joins.seconds, '/s');
    const memory = (await relay.memory()).held - empty.held;
    // What is of the process, and not of its sessions, is most of it where they are few.
    if (sessions >= 1_000) add(sessions, 'idle session: memory', memory / sessions, 'KiB');
    await warmAgain(load, scale.warmUp, scale.window);

    const rounds = await load.rounds(scale.rounds, { window: scale.window });
    add(sessions, 'trickle round: CPU', perPiece(rounds), 'µs');
    add(sessions, 'trickle rounds', rounds.count / rounds.seconds, '/s');
    add(sessions, 'trickle round: CPU of the load', (rounds.loadCpu * MICRO) / rounds.count, 'µs');

    const paced = await load.rounds(scale.paced, { rate: scale.rate, active: scale.active });
    add(sessions, 'paced trickle round: CPU', perPiece(paced), 'µs');
    add(sessions, 'paced trickle round: p50', paced.p50, 'ms');
    add(sessions, 'paced trickle round: p99', paced.p99, 'ms');
    before = sessions;
  }
  const leaves = await load.leave();
  add(before, 'leave: CPU', perPiece(leaves), 'µs');
  return figures;
}

/** Sessions that publish audio and video: a browser's offer is twelve times as long as a viewer's, and is kept. */
async function publishers({ load, relay, scale }) {
  const sessions = scale.publishers;
  const empty = await relay.memory();
  await warmUp(load, scale.warmUp, scale.window, 'publisher');
  const joins = await load.join(sessions, { window: 20, role: 'publisher' });
  const memory = ((await relay.memory()).held - empty.held) / sessions;
  await load.leave();
  return [
    { figure: 'join of a publisher: CPU', sessions, value: perPiece(joins), unit: 'µs' },
    { figure: 'join of a publisher: p99', sessions, value: joins.p99, unit: 'ms' },
    { figure: 'idle publisher: memory', sessions, value: memory, unit: 'KiB' },
  ];
}

/** Messages from each participant to all of its room, in rooms of viewers. */
async function rooms({ load, scale }) {
  const { size, count, messages } = scale.room;
  const sessions = size * count;
  await load.join(sessions, { window: 20, roomSize: size, role: 'viewer' });
  // As many before as are measured: it takes so long until all of their way is compiled.
  await load.messages(messages, { window: 10 });
  const sent = await load.messages(messages, { window: 10 });
  const deliveries = sent.count * size;
  const seconds = sent.seconds;
  await load.leave();
  return [
    { figure: 'delivery to a room: CPU', sessions, value: (sent.cpu * MICRO) / deliveries, unit: 'µs' },
    { figure: 'deliveries to a room', sessions, value: deliveries / seconds, unit: '/s' },
    { figure: 'delivery to a room: p99', sessions, value: sent.p99, unit: 'ms' },
  ];
}

/**
 * Sessions that come and go, and what stays of them. One part goes before, unmeasured: the first sessions leave machine
 * code, and pages that V8 and malloc keep, a MB or two; what the later ones leave is a leak. Those pages are as many by
 * chance, so the live objects are told besides: a leak of a few bytes a session shows there.
 */
async function churn({ load, relay, scale }) {
  const { cycles, parts, window } = scale.churn;
  const figures = [];
  await load.churn(cycles / parts, { window, role: 'publisher' });
  for (let part = 1; part <= parts; part += 1) {
    const done = await load.churn(cycles / parts, { window, role: 'publisher' });
    const sessions = (cycles / parts) * part;
    figures.push({ figure: 'join and leave: CPU', sessions, value: perPiece(done), unit: 'µs' });
    const { held, live } = await relay.memory();
    figures.push({ figure: 'memory after joins and leaves', sessions, value: held, unit: 'KiB' });
    if (live !== undefined)
      figures.push({ figure: 'live objects after joins and leaves', sessions, value: live, unit: 'KiB' });
  }
  return figures;
}

const all = () => true;

/** Each with the number of its connections and the targets that it is for. */
export const SCENARIOS = {
  growth: { run: growth, connections: ({ sizes }) => Math.max(...sizes), fits: all },
  publishers: { run: publishers, connections: (scale) => scale.publishers, fits: all },
  rooms: { run: rooms, connections: ({ room }) => room.size * room.count, fits: all },
  churn: { run: churn, connections: (scale) => scale.churn.window, fits: all },
};
