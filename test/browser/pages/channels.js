// A client of nobody's library: it opens data channels on both of its connections, and writes down what it hears.
class RawClient {
  /** What came on data channels, and the close of the WebSocket. */
  heard = [];
  channels = {};
  #publisher = new RTCPeerConnection();
  #subscriber = new RTCPeerConnection();
  #socket;
  #pending = new Map();
  #early = [];
  #queue = Promise.resolve();

  async join({ url, room, user, channel }) {
    this.#socket = new WebSocket(url);
    await new Promise((resolve) => this.#socket.addEventListener('open', resolve));
    this.#socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(data)));
    this.#socket.addEventListener('close', ({ code }) => this.heard.push(`close ${code}`));
    for (const [target, connection] of [this.#publisher, this.#subscriber].entries())
      connection.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate) this.#send({ method: 'trickle', params: { target, candidate } });
      });
    this.#subscriber.addEventListener('datachannel', ({ channel: each }) => this.#listen(each));
    this.#publisher.addTransceiver('audio', { direction: 'recvonly' });
    if (channel !== undefined) this.#listen(this.#publisher.createDataChannel(channel));
    return this.#negotiate('join', (offer) => ({ sid: room, uid: user, offer }));
  }

  /** Offers a data channel on the publisher connection, after the join. */
  open(channel) {
    this.#listen(this.#publisher.createDataChannel(channel));
    return this.#negotiate('offer', (desc) => ({ desc }));
  }

  /** Opens one on the subscriber connection, where the SFU has its own. */
  openOnSubscriber(channel) {
    this.#listen(this.#subscriber.createDataChannel(channel));
  }

  /** Offers once more, with the section of the data channels rejected. */
  rejectChannels() {
    return this.#negotiate('offer', ({ type, sdp }) => ({
      desc: { type, sdp: sdp.replace('m=application 9', 'm=application 0').replace(/(BUNDLE .*) 1$/m, '$1') },
    }));
  }

  isOpen(channel) {
    return this.channels[channel]?.readyState === 'open';
  }

  say(channel, text) {
    this.channels[channel].send(text);
  }

  #listen(channel) {
    this.channels[channel.label] = channel;
    channel.addEventListener('message', ({ data }) => this.heard.push(data));
  }

  /** Gives the error that the relay refused the offer with, if it did. */
  async #negotiate(method, paramsFor) {
    await this.#publisher.setLocalDescription();
    const { result, error } = await this.#request(method, paramsFor(this.#publisher.localDescription));
    if (error) {
      await this.#publisher.setLocalDescription({ type: 'rollback' });
      return error;
    }
    await this.#publisher.setRemoteDescription({ type: 'answer', sdp: result.sdp });
    for (const candidate of this.#early.splice(0)) await this.#publisher.addIceCandidate(candidate);
  }

  #request(method, params) {
    const id = this.#pending.size + 1;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.#send({ id, method, params });
    });
  }

  #send(message) {
    if (this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #take({ id, method, params, ...reply }) {
    if (id) this.#pending.get(id)(reply);
    else if (method === 'trickle' && params.target === 0 && !this.#publisher.remoteDescription)
      this.#early.push(params.candidate);
    else if (method === 'trickle' && params.target === 0) this.#publisher.addIceCandidate(params.candidate);
    else if (method === 'trickle' || method === 'offer')
      this.#queue = this.#queue.then(() => this.#subscribe(method, params));
  }

  async #subscribe(method, params) {
    if (method === 'trickle') return this.#subscriber.addIceCandidate(params.candidate);
    await this.#subscriber.setRemoteDescription(params);
    await this.#subscriber.setLocalDescription();
    this.#send({ method: 'answer', params: { desc: this.#subscriber.localDescription } });
  }
}

window.rawClient = new RawClient();
