/**
 * What the bare relays have in common: a message of the client's goes to the SFU, a message of the SFU's to the client.
 * It checks nothing, knows nobody, limits nothing, and cleans up only what a closed socket leaves.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';

/** Who is in each room, for messages to all of a room. */
const rooms = new Map();

/** `rtc` is the code that ts-proto made of proto/rtc.proto. */
export function makeClient(rtc, sfu) {
  const signal = {
    path: '/rtc.RTC/Signal',
    requestStream: true,
    responseStream: true,
    requestSerialize: (value) => Buffer.from(rtc.Request.encode(value).finish()),
    responseDeserialize: (value) => rtc.Reply.decode(value),
  };
  const Client = makeGenericClientConstructor({ signal }, 'rtc.RTC');
  return new Client(sfu, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    'grpc-node.max_session_memory': 1024,
  });
}

/** One client's side: `send` writes a text frame. */
export function forward(client, send) {
  let stream;
  let joinId;
  let members;
  const notify = (method, params) => send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  const reply = (id, result) => send(JSON.stringify({ jsonrpc: '2.0', id, result }));

  function receive(text) {
    const { id, method, params } = JSON.parse(text);
    switch (method) {
      case 'trickle': {
        const value = { target: params.target, init: JSON.stringify(params.candidate) };
        stream.write({ payload: { $case: 'trickle', value } });
        return;
      }
      case 'join':
        joinId = id;
        enter(params.sid);
        open({
          sid: params.sid,
          uid: params.uid,
          config: {},
          description: { target: 0, type: 'offer', sdp: params.offer.sdp, trackInfos: [] },
        });
        return;
      case 'answer': {
        const value = { target: 1, type: 'answer', sdp: params.desc.sdp, trackInfos: [] };
        stream.write({ payload: { $case: 'description', value } });
        return;
      }
      case 'message': {
        const message = JSON.stringify({ jsonrpc: '2.0', method, params });
        for (const member of members) member(message);
        return;
      }
    }
  }

  function open(join) {
    stream = client.signal();
    stream.on('data', ({ payload }) => {
      switch (payload.$case) {
        case 'trickle':
          notify('trickle', { target: payload.value.target, candidate: JSON.parse(payload.value.init) });
          return;
        case 'description':
          notify('offer', { type: payload.value.type, sdp: payload.value.sdp });
          return;
        case 'join':
          reply(joinId, { type: payload.value.description.type, sdp: payload.value.description.sdp });
          return;
      }
    });
    stream.on('error', () => {});
    stream.write({ payload: { $case: 'join', value: join } });
  }

  function enter(room) {
    members = rooms.get(room) ?? new Set();
    rooms.set(room, members);
    members.add(send);
    members.room = room;
  }

  function closed() {
    stream?.end();
    members?.delete(send);
    if (members?.size === 0) rooms.delete(members.room);
  }

  return { receive, closed };
}

/** Ends all connections; resolves when they have left the set. */
export function closeAll(sockets, close) {
  return async () => {
    for (const socket of [...sockets]) close(socket);
    while (sockets.size > 0) await sleep(1);
  };
}
