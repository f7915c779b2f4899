// A crowd that joins a room and listens: node listening-crowd.js <port> <size> <likes a second> <seconds>, the join's
// params as JSON in JOIN. In a process of its own, for its sockets count against the limit of open files as much as the
// server's do.
//
// Each expects chat messages whose texts count from 0. The text "like" has the crowd like, evenly and one by one; at
// "report" it prints "report <json>" once all have it, and ends: what they have heard, by how many. Whatever goes wrong
// ends it with a sentence.
import { connect } from 'node:net';
import { handshake, textFrame } from './websocket-bytes.js';

const [port, size, likesPerSecond, seconds] = process.argv.slice(2).map(Number);
const AT_ONCE = 100;
const TICK_MS = 20;

const JOIN = textFrame(`{"id":1,"method":"join","params":${process.env.JOIN}}`);
const LIKE = textFrame('{"method":"message","params":{"kind":"like"}}');

const listeners = [];
let joined = 0;
let reported = 0;

function fail(reason) {
  process.stdout.write(`failed: ${reason} (${joined} joined)\n`);
  process.exit(1);
}

class Listener {
  chats = 0;
  inOrder = true;
  gifts = 0;
  likes = 0;
  total = 0;
  #upgraded = false;
  #bytes = Buffer.alloc(0);

  constructor() {
    this.socket = connect(port, '127.0.0.1', () => this.socket.write(handshake()));
    this.socket.on('data', (bytes) => this.#read(bytes));
    this.socket.on('error', (error) => fail(error.message));
    this.socket.on('close', () => fail('the relay has closed a socket'));
  }

  #read(bytes) {
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes;
    if (!this.#upgraded) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!this.#bytes.toString('latin1').startsWith('HTTP/1.1 101 ')) fail(`refused: ${this.#bytes}`);
      this.#upgraded = true;
      this.#bytes = this.#bytes.subarray(end + 4);
      this.socket.write(JOIN);
    }
    for (;;) {
      const all = this.#bytes;
      if (all.length < 4) return;
      let length = all[1];
      let start = 2;
      if (length === 126) {
        length = all.readUInt16BE(2);
        start = 4;
      } else if (length === 127) fail('a frame of more than 64 KiB');
      if (all.length < start + length) return;
      if (all[0] === 0x81) this.#hear(all.toString('latin1', start, start + length));
      this.#bytes = all.subarray(start + length);
    }
  }

  #hear(text) {
    const { id, error, method, params } = JSON.parse(text);
    if (error) fail(`refused: ${text}`);
    if (id === 1) {
      joined += 1;
      if (joined === size) process.stdout.write(`joined ${size}\n`);
      else begin();
    } else if (method === 'message') this.#hearMessage(params);
  }

  #hearMessage({ kind, data }) {
    if (kind === 'gift') this.gifts += 1;
    else if (kind === 'like') {
      this.likes += data.count;
      this.total = data.total;
    } else if (data.text === 'like') {
      if (this === listeners[0]) like();
    } else if (data.text === 'report') {
      reported += 1;
      if (reported === size) report();
    } else {
      this.inOrder &&= Number(data.text) === this.chats;
      this.chats += 1;
    }
  }
}

function begin() {
  if (listeners.length < size) listeners.push(new Listener());
}

function like() {
  const all = likesPerSecond * seconds;
  const start = Date.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(all, Math.floor(((Date.now() - start) / 1000) * likesPerSecond));
    for (; sent < due; sent += 1) listeners[sent % size].socket.write(LIKE);
    if (sent < all) return;
    clearInterval(timer);
    process.stdout.write(`liked ${sent} in ${Date.now() - start} ms\n`);
  }, TICK_MS);
}

function report() {
  const heard = {};
  for (const { chats, inOrder, gifts, likes, total } of listeners) {
    const what = `${chats} chats ${inOrder ? 'in order' : 'out of order'}, ${gifts} gifts, ${likes} of ${total} likes`;
    heard[what] = (heard[what] ?? 0) + 1;
  }
  process.stdout.write(`report ${JSON.stringify(heard)}\n`);
  process.exit(0);
}

for (let i = 0; i < Math.min(AT_ONCE, size); i += 1) begin();
