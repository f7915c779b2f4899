// A crowd that connects and says nothing: node idle-crowd.js <port> <size>. In a process of its own, for its sockets
// count against the limit of open files as much as the server's do.
//
// Prints "open <size>" when all of them are WebSockets, "closed <size> <json>" when the server has closed all of
// them: how many by which code. Whatever goes wrong ends it with a sentence.
import { connect } from 'node:net';
import { handshake } from './websocket-bytes.js';

const [port, size] = process.argv.slice(2).map(Number);
const AT_ONCE = 200;

let begun = 0;
let open = 0;
let closed = 0;
const codes = {};

function fail(reason) {
  process.stdout.write(`failed: ${reason} (${open} open, ${closed} closed)\n`);
  process.exit(1);
}

/** The code of the close frame among these; others are pings of the heartbeat, and the error that the close is of. */
function closeCode(frames) {
  for (let rest = frames; rest.length > 3; rest = rest.subarray(frameLength(rest))) {
    if (rest[0] === 0x88 && rest[1] >= 2) return rest.readUInt16BE(2);
  }
  return undefined;
}

/** RFC 6455 § 5.2; no frame here is longer than 65,535 bytes. */
function frameLength(frame) {
  return frame[1] === 126 ? 4 + frame.readUInt16BE(2) : 2 + frame[1];
}

function join() {
  if (begun === size) return;
  begun += 1;
  let upgraded = false;
  let code = 'none';
  const socket = connect(port, '127.0.0.1', () => socket.write(handshake()));
  socket.on('data', (bytes) => {
    if (!upgraded) {
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 101 ')) fail(`refused: ${bytes}`);
      upgraded = true;
      open += 1;
      if (open === size) process.stdout.write(`open ${size}\n`);
      join();
      return;
    }
    code = closeCode(bytes) ?? code;
    if (code !== 'none') socket.end();
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => {
    if (open < size) fail('closed before all were open: the machine is too slow');
    closed += 1;
    codes[code] = (codes[code] ?? 0) + 1;
    if (closed === size) process.stdout.write(`closed ${size} ${JSON.stringify(codes)}\n`);
  });
}

for (let i = 0; i < AT_ONCE; i += 1) join();
