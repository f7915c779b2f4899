/**
 * Does what the Go program beside it does, for machines without Go: the same commands but those of large rooms, the same
 * outcomes. It costs more than a bare relay, and so is itself what is measured in part: fit to see that nothing is lost,
 * not for figures.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import WebSocket from 'ws';

const PATIENCE_MS = 30_000;
const bytes = (value) => value;
const method = {
  path: '/rtc.RTC/Signal',
  requestStream: true,
  responseStream: true,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

/** One field of protobuf that holds bytes, and one that holds a small number. */
function nested(field, value) {
  const body = Buffer.from(value);
  const length = [];
  let rest = body.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length, rest]), body]);
}
const number = (field, value) => Buffer.from([field << 3, value]);
const FIELD = { join: 1, description: 2, trickle: 3, error: 7 };

const sfu = { streams: 0, answers: 0, afterJoin: [] };
const server = new grpc.Server();
server.addService({ signal: method }, { signal: serveStream });

function serveStream(call) {
  sfu.streams += 1;
  let isJoined = false;
  call.on('data', (request) => {
    const field = request[0] >> 3;
    if (field === FIELD.description) sfu.answers += 1;
    else if (field === FIELD.join) {
      isJoined = true;
      for (const reply of sfu.afterJoin) call.write(reply);
    } else if (field === FIELD.trickle)
      call.write(isJoined ? request : nested(FIELD.error, nested(2, 'no rtc transport exists')));
  });
  const ended = () => {
    call.removeListener('close', ended);
    sfu.streams -= 1;
  };
  call.on('close', ended);
  call.on('error', () => {});
  call.on('end', () => call.end());
}

function speak({ sfuAnswer, sfuOffer }) {
  const init = '{"candidate":"candidate:2230659829 1 udp 2130706431 127.0.0.1 5000 typ host","sdpMid":""}';
  const trickle = (target) => nested(FIELD.trickle, Buffer.concat([number(1, target), nested(2, init)]));
  const answer = Buffer.concat([nested(2, 'answer'), nested(3, sfuAnswer)]);
  const offer = Buffer.concat([number(1, 1), nested(2, 'offer'), nested(3, sfuOffer)]);
  sfu.afterJoin = [
    nested(FIELD.join, Buffer.concat([number(1, 1), nested(3, answer)])),
    trickle(0),
    trickle(1),
    nested(FIELD.description, offer),
  ];
}

let target;
let roomSize = 1;
let offer;
let sessions = [];
let serial = 0;
let run;

async function connect() {
  const name = serial++;
  const ws = new WebSocket(target.url, 'sfu-relay.v1', {
    headers: { authorization: `Bearer token-${name}` },
    perMessageDeflate: false,
  });
  const send = (message) => ws.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  await new Promise((resolve, reject) => {
    let wanted = 4;
    ws.on('error', reject);
    ws.on('close', (code, reason) =>
      reject(new Error(`the relay has closed the connection: ${code} ${reason}`)),
    );
    ws.on('open', () =>
      send({
        id: 1,
        method: 'join',
        params: {
          sid: `room-${Math.floor(name / roomSize)}`,
          uid: `user-${name}`,
          offer: { type: 'offer', sdp: offer },
        },
      }),
    );
    ws.on('message', (data) => {
      const { method, params, result, error } = JSON.parse(data);
      if (error) reject(new Error(`the relay says ${error.message}`));
      else if (wanted === 0) run?.arrived(params);
      else if (result || method === 'trickle' || method === 'offer') {
        if (method === 'offer')
          send({ method: 'answer', params: { desc: { type: 'answer', sdp: target.answer } } });
        wanted -= 1;
        if (wanted === 0) resolve();
      }
    });
  });
  return { ws, send };
}

function close({ ws }) {
  return new Promise((resolve) => {
    ws.once('close', resolve);
    ws.close();
  });
}

/** Does something so many times, so many at a time; gives how long each took, in ms. */
async function each(count, window, act) {
  const took = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      next += 1;
      const start = performance.now();
      await act();
      took.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, window) }, work));
  return took;
}

async function eventually(isSo, fault) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(2)) if (isSo()) return;
  throw new Error(fault);
}

async function exchange({ count, window, rate = 0, active = 0 }, arrivalsEach, send) {
  const senders = active > 0 ? sessions.slice(0, active) : sessions;
  const sentAt = [];
  const missing = new Array(count).fill(arrivalsEach);
  const took = [];
  const sendNext = () => {
    if (sentAt.length >= count) return;
    const number = sentAt.push(performance.now()) - 1;
    send(senders[number % senders.length], String(number).padStart(10, '0'));
  };
  const all = new Promise((resolve) => {
    run = {
      arrived(params) {
        const number = Number(/(?:candidate|serial):(\d{10})/.exec(JSON.stringify(params))?.[1]);
        if (!(missing[number] > 0)) return;
        took.push(performance.now() - sentAt[number]);
        missing[number] -= 1;
        if (missing[number] === 0 && rate === 0) sendNext();
        if (took.length === count * arrivalsEach) resolve();
      },
    };
  });
  if (rate === 0) for (let n = 0; n < window; n += 1) sendNext();
  else
    for (const start = performance.now(); sentAt.length < count; await delay(1))
      while (sentAt.length < ((performance.now() - start) / 1_000) * rate && sentAt.length < count)
        sendNext();
  await Promise.race([all, delay(PATIENCE_MS, undefined, { ref: false })]);
  if (took.length < count * arrivalsEach)
    throw new Error(`${took.length} of ${count * arrivalsEach} messages arrived`);
  return took;
}

const ACTIONS = {
  async target(command) {
    target = command;
    sessions = [];
    speak(command);
  },
  async join(command) {
    ({ roomSize, offer } = command);
    const answers = sfu.answers + command.count;
    const took = await each(command.count, command.window, async () => sessions.push(await connect()));
    await eventually(() => sfu.answers >= answers, 'answers did not reach the SFU');
    return took;
  },
  async leave(command) {
    command.count = sessions.length;
    const took = await each(command.count, command.window, () => close(sessions.pop()));
    await eventually(() => sfu.streams === 0, 'streams are left on the SFU');
    return took;
  },
  async churn(command) {
    ({ roomSize, offer } = command);
    const took = await each(command.count, command.window, async () => close(await connect()));
    await eventually(() => sfu.streams === 0, 'streams are left on the SFU');
    return took;
  },
  rounds: (command) =>
    exchange(command, 1, ({ send }, number) => {
      const candidate = `candidate:${number} 1 udp 2122260223 192.168.0.17 46243 typ host generation 0`;
      send({
        method: 'trickle',
        params: { target: 0, candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 } },
      });
    }),
  messages: (command) =>
    exchange(command, roomSize, ({ send }, number) =>
      send({
        method: 'message',
        params: { kind: 'chat', data: { text: `serial:${number} It is the east` } },
      }),
    ),
};

/** CPU seconds of a process: /proc counts in hundredths. */
function processCpu(pid) {
  const [, user, system] = /\) \S(?: -?\d+){10} (\d+) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return (Number(user) + Number(system)) / 100;
}

async function measure(command) {
  if (command.do === 'target') return ACTIONS.target(command);
  const [cpu, own, start] = [processCpu(target.pid), process.cpuUsage(), performance.now()];
  const took = (await ACTIONS[command.do](command)).sort((one, other) => one - other);
  const { user, system } = process.cpuUsage(own);
  const at = (share) => took[Math.floor(share * (took.length - 1))] ?? 0;
  return {
    count: command.count,
    lost: 0,
    seconds: (performance.now() - start) / 1_000,
    cpu: processCpu(target.pid) - cpu,
    loadCpu: (user + system) / 1e6,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
  };
}

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), async (error, port) => {
  if (error) throw error;
  say({ sfu: `127.0.0.1:${port}` });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say((await measure(JSON.parse(line))) ?? {});
    } catch (error) {
      say({ error: error.message, lost: 1 });
    }
  }
});
