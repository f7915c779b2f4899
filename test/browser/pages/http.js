// A whole client without a WebSocket and without trickle ICE, in what every browser has.
const MOUNT = '/api/v1/sfu';

async function call(method, path, body) {
  const response = await fetch(MOUNT + path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const reply = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(reply.message ?? reply.error.message);
  return reply;
}

function gathered(connection) {
  if (connection.iceGatheringState === 'complete') return;
  return new Promise((resolve) => {
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState === 'complete') resolve();
    });
  });
}

class HttpClient {
  #publisher = new RTCPeerConnection();
  #subscriber = new RTCPeerConnection();
  #path = '';
  methods = [];
  closed;

  async join({ room, user, role }) {
    if (role === 'publisher') {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      for (const track of stream.getTracks()) this.#publisher.addTrack(track, stream);
    } else {
      this.#publisher.addTransceiver('audio', { direction: 'recvonly' });
    }
    await this.#publisher.setLocalDescription();
    await gathered(this.#publisher);
    const { data } = await call('POST', '/session', {
      ...{ room_id: room, user_id: user, role },
      sdp: this.#publisher.localDescription.sdp,
    });
    this.#path = `/session/${data.session_id}`;
    await this.#publisher.setRemoteDescription({ type: 'answer', sdp: data.sdp });
    this.#listen();
  }

  #listen() {
    const events = new EventSource(`${MOUNT}${this.#path}/events`);
    let queue = Promise.resolve();
    events.addEventListener('message', ({ data }) => {
      const { method, params } = JSON.parse(data);
      this.methods.push(method);
      queue = queue.then(() => this.#take(method, params));
    });
    events.addEventListener('close', ({ data }) => {
      this.closed = JSON.parse(data);
      events.close();
    });
  }

  async #take(method, params) {
    if (method === 'offer') {
      await this.#subscriber.setRemoteDescription(params);
      await this.#subscriber.setLocalDescription();
      await gathered(this.#subscriber);
      await this.#send('answer', { desc: this.#subscriber.localDescription.toJSON() });
    } else if (method === 'trickle') {
      const connection = params.target === 0 ? this.#publisher : this.#subscriber;
      await connection.addIceCandidate(params.candidate);
    }
  }

  #send(method, params) {
    return call('POST', `${this.#path}/signal`, { method, params });
  }

  async framesDecoded() {
    let frames = 0;
    for (const { type, framesDecoded } of (await this.#subscriber.getStats()).values())
      if (type === 'inbound-rtp') frames += framesDecoded ?? 0;
    return frames;
  }

  async stats() {
    const report = [...(await this.#publisher.getStats()).values()];
    await call('POST', `${this.#path}/signal`, { id: 1, method: 'stats', params: { report } });
    return (await call('GET', `${this.#path}/stats`)).data;
  }

  leave() {
    return call('DELETE', this.#path);
  }
}

window.httpClient = new HttpClient();
