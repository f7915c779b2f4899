// A whole client without a WebSocket and without trickle ICE, in what every browser has.
const MOUNT = '/api/v1/sfu';

async function call(method, path, body, headers = {}) {
  const response = await fetch(MOUNT + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
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
  /** Names the session's owner, as the application names nobody here; EventSource could not send it. */
  #headers = {};
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
    this.#headers = { 'sfu-session-token': data.session_token };
    await this.#publisher.setRemoteDescription({ type: 'answer', sdp: data.sdp });
    this.#listen();
  }

  async #listen() {
    const response = await fetch(`${MOUNT}${this.#path}/events`, { headers: this.#headers });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (text + value).split('\n\n');
      text = events.pop();
      for (const event of events) await this.#hear(event);
    }
  }

  async #hear(event) {
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data === undefined) return;
    const message = JSON.parse(data);
    if (/^event: close$/m.test(event)) {
      this.closed = message;
      return;
    }
    this.methods.push(message.method);
    await this.#take(message.method, message.params);
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
    return call('POST', `${this.#path}/signal`, { method, params }, this.#headers);
  }

  async framesDecoded() {
    let frames = 0;
    for (const { type, framesDecoded } of (await this.#subscriber.getStats()).values())
      if (type === 'inbound-rtp') frames += framesDecoded ?? 0;
    return frames;
  }

  async stats() {
    const report = [...(await this.#publisher.getStats()).values()];
    await call('POST', `${this.#path}/signal`, { id: 1, method: 'stats', params: { report } }, this.#headers);
    return (await call('GET', `${this.#path}/stats`, undefined, this.#headers)).data;
  }

  leave() {
    return call('DELETE', this.#path, undefined, this.#headers);
  }
}

window.httpClient = new HttpClient();
