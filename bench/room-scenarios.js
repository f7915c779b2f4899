import { isRelay, TARGETS } from './harness/targets.js';

/** What is done to a relay with a large room, and what is read off it. Every figure is `{figure, sessions, value, unit}`. */

/** @returns how large the scenarios are. */
export function roomSettings(quick) {
  return quick
    ? {
        warmUp: { cycles: 20, room: 20 },
        publishers: 3,
        fill: { sizes: [50, 200], rate: 200, window: 20 },
        burst: { size: 200, leaving: 40 },
        close: { size: 200 },
        chat: { size: 200, messages: 3 },
        cut: { rooms: 2, size: 50 },
        resume: { rooms: 2, size: 50 },
      }
    : {
        warmUp: { cycles: 3_000, room: 300 },
        publishers: 10,
        fill: { sizes: [100, 1_000, 5_000, 10_000], rate: undefined, window: 1_000 },
        burst: { size: 10_000, leaving: 1_000 },
        close: { size: 10_000 },
        chat: { size: 5_000, messages: 20 },
        cut: { rooms: 5, size: 1_000 },
        resume: { rooms: 1_000, size: 10 },
      };
}

const MICRO = 1e6;
const KIB = 1_024;
/** How long a room takes to fill, unless a rate is given. */
const FILL_SECONDS = 60;
/** Joins at a time, where it doesn't matter how fast they come. */
const WINDOW = 50;

/** Until the code is compiled: of sessions in rooms of their own, and of a room that fills and empties. */
async function warmUp(context) {
  const { load, relay, scale } = context;
  const { cycles, room } = scale.warmUp;
  await load.churn(cycles, { window: 20, role: 'viewer' });
  for (let round = 0; round < 2; round += 1) {
    await joinOneRoom(context, room);
    await load.leave();
  }
  await relay.delay();
}

/** Everybody in one room, as fast as it goes. */
async function joinOneRoom({ load, scale, hasPictures }, size) {
  const options = { publishers: scale.publishers, window: WINDOW, pictures: hasPictures };
  const { lost, error } = await load.fill(size, options);
  if (error) throw new Error(`${lost} joins have failed: ${error}`);
}

/**
 * The event loop's longest delay since it was asked for last; and for how long other work had the core in the meantime,
 * without which a delay can't be judged. None of relays without such a loop.
 */
async function delays(relay, { waited }, scenario, sessions) {
  const { max } = await relay.delay();
  if (max === undefined) return [];
  return [
    { figure: `${scenario}: event-loop delay, maximum`, sessions, value: max, unit: 'ms' },
    { figure: `${scenario}: the core was taken`, sessions, value: waited * 1_000, unit: 'ms' },
  ];
}

/**
 * One room that viewers join at a steady rate. What a join costs at a size is read off the joins around it, many more than
 * come between two counts of the audience; delays, latencies and the longest frame are those since the size before. To look
 * at the event loop's delay a thousand times a second costs something, too, which is taken off.
 */
async function fill(context) {
  const { load, relay, scale, hasPictures, fault } = context;
  const { sizes, window } = scale.fill;
  const rate = scale.fill.rate ?? Math.max(...sizes) / FILL_SECONDS;
  const half = (size) => Math.min(window, size) / 2;
  const stretches = sizes.map((size) => ({ from: size - half(size), to: size + half(size) }));
  const left = [...sizes];
  const figures = [];
  const empty = await relay.memory();
  await warmUp(context);
  const idle = await load.idle();
  const idleCpu = idle.cpu / idle.seconds;
  const onStretch = async (progress) => {
    figures.push(...fillFigures(left.shift(), progress, await relay.delay(), idleCpu));
  };
  const { publishers } = scale;
  const options = { publishers, rate, stretches, pictures: hasPictures };
  const { lost, error } = await load.fill(stretches.at(-1).to, options, onStretch);
  const sessions = sizes.at(-1);
  const memory = ((await relay.memory()).held - empty.held) / stretches.at(-1).to;
  figures.push(
    { figure: 'fill: joins that failed', sessions, value: lost, unit: 'joins' },
    { figure: 'fill: memory of a session', sessions, value: memory, unit: 'KiB' },
  );
  if (error) fault(`${lost} joins have failed: ${error}`);
  return figures;
}

function fillFigures(sessions, { from, to, longest, p50, p99 }, delay, idleCpu) {
  const during = (name) => to[name] - from[name];
  const seconds = during('seconds');
  const joins = during('joins');
  const cpu = during('cpu') - idleCpu * seconds;
  const all = [
    ['event-loop delay, p99', delay.p99, 'ms'],
    ['event-loop delay, maximum', delay.max, 'ms'],
    ['CPU of a join', (cpu * MICRO) / joins, 'µs'],
    ['messages to a viewer', during('messages') / sessions / seconds, '/s'],
    ['bytes to a viewer', during('messageBytes') / sessions / seconds, '/s'],
    ['sent for a join', during('bytes') / joins / KIB, 'KiB'],
    ['join, p50', p50, 'ms'],
    ['join, p99', p99, 'ms'],
    ['longest frame', longest / KIB, 'KiB'],
    ['CPU until then', to.cpu - idleCpu * to.seconds, 's'],
    ['sent until then, for a join', to.bytes / to.joins / KIB, 'KiB'],
    ['CPU of the load', (100 * during('loadCpu')) / seconds, '%'],
    ['the core was taken', delay.max && (100 * during('waited')) / seconds, '%'],
  ];
  return all
    .filter(([, value]) => value !== undefined)
    .map(([name, value, unit]) => ({ figure: `fill: ${name}`, sessions, value, unit }));
}

/** Many leave at once, as when a stream ends for a part of the audience. */
async function burst(context) {
  const { load, relay, scale } = context;
  const { size, leaving } = scale.burst;
  await warmUp(context);
  await joinOneRoom(context, size);
  await relay.delay();
  const outcome = await load.burst(leaving, { publishers: scale.publishers });
  return [
    { figure: 'burst: until all counts are right', sessions: size, value: outcome.right, unit: 's' },
    { figure: 'burst: CPU', sessions: size, value: outcome.cpu, unit: 's' },
    ...(await delays(relay, outcome, 'burst', size)),
  ];
}

async function closeOneRoom(context) {
  await joinOneRoom(context, context.scale.close.size);
  return closeAll(context, 'close, one room');
}

async function closeManyRooms(context) {
  await context.load.join(context.scale.close.size, { window: WINDOW, role: 'viewer' });
  return closeAll(context, 'close, a room each');
}

const GOING_AWAY = 1001;

async function closeAll({ load, relay, scale, fault }, scenario) {
  const sessions = scale.close.size;
  await relay.delay();
  const [outcome, { seconds }] = await Promise.all([load.closed(), relay.close()]);
  const { max, cpu, codes } = outcome;
  if (codes[GOING_AWAY] !== sessions)
    fault(`${scenario}: closed with ${JSON.stringify(codes)}, not all with ${GOING_AWAY}`);
  return [
    { figure: `${scenario}: until it has closed`, sessions, value: seconds, unit: 's' },
    { figure: `${scenario}: until all clients know`, sessions, value: max / 1_000, unit: 's' },
    { figure: `${scenario}: CPU`, sessions, value: cpu, unit: 's' },
    ...(await delays(relay, outcome, scenario, sessions)),
  ];
}

/** Chat messages to a large room, one after the other. */
async function chat(context) {
  const { load, relay, scale } = context;
  const { size, messages } = scale.chat;
  await warmUp(context);
  await joinOneRoom(context, size);
  await load.messages(messages, { window: 1 });
  await relay.delay();
  const sent = await load.messages(messages, { window: 1 });
  const deliveries = messages * size;
  return [
    { figure: 'chat: CPU of a delivery', sessions: size, value: (sent.cpu * MICRO) / deliveries, unit: 'µs' },
    { figure: 'chat: slowest delivery', sessions: size, value: sent.max, unit: 'ms' },
    ...(await delays(relay, sent, 'chat', size)),
  ];
}

/** Rooms whose connections are all cut at once, and whose clients come back at once. */
async function cut(context, scenario = 'cut') {
  const { load, relay, scale, hasPictures } = context;
  const { rooms, size } = scale[scenario];
  await warmUp(context);
  const viewers = { role: 'viewer', ask: 'subscriber' };
  await load.join(rooms * size, { ...viewers, window: WINDOW, roomSize: size, pictures: hasPictures });
  await relay.delay();
  const outcome = await load.cut();
  const { p50, max, cpu, right } = outcome;
  const figure = (name, value, unit) => ({
    figure: `${scenario}: ${name}`,
    sessions: rooms * size,
    value,
    unit,
  });
  return [
    figure('back, p50', p50, 'ms'),
    figure('until all are back', max / 1_000, 's'),
    figure('until all counts are right', right, 's'),
    figure('CPU', cpu, 's'),
    ...(await delays(relay, outcome, scenario, rooms * size)),
  ];
}

/** Those that differ in large rooms: how the library was loaded makes no difference there. */
const isOwnKind = (target) => target !== 'relay-uws-cjs';

/** Each with the number of its connections and the targets that it is for. All need the load of Go. */
export const ROOM_SCENARIOS = {
  fill: {
    run: fill,
    connections: ({ fill: { sizes, window } }) => Math.max(...sizes) + window,
    fits: isOwnKind,
  },
  burst: {
    run: burst,
    connections: ({ burst: { size } }) => size,
    fits: (target) => isRelay(target) && isOwnKind(target),
  },
  close: { run: closeOneRoom, connections: ({ close: { size } }) => size, fits: isOwnKind },
  'close-rooms': { run: closeManyRooms, connections: ({ close: { size } }) => size, fits: isOwnKind },
  chat: { run: chat, connections: ({ chat: { size } }) => size, fits: isOwnKind },
  cut: {
    run: cut,
    connections: ({ cut: { rooms, size } }) => rooms * size,
    fits: (target) => isRelay(target) && isOwnKind(target),
  },
  /** As `cut`, with clients that resume their sessions. */
  resume: {
    run: (context) => cut(context, 'resume'),
    connections: ({ resume: { rooms, size } }) => rooms * size,
    fits: (target) => TARGETS[target].resumes === true,
  },
};
