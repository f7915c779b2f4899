import { createSocket } from 'node:dgram';
import { once } from 'node:events';

interface SrvAnswer {
  priority?: number;
  weight?: number;
  port: number;
  target: string;
}

/** What the server answers to a question: records, a code of an error, or nothing. */
export type DnsAnswer = readonly SrvAnswer[] | 'NXDOMAIN' | 'SERVFAIL' | 'silence';

export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** The names that were asked for. */
  readonly questions: string[];
  answer: DnsAnswer;
  stop(): Promise<void>;
}

const RESPONSE_CODES = { NXDOMAIN: 3, SERVFAIL: 2 } as const;
const SRV = 33;
const CLASS_IN = 1;
const HEADER_BYTES = 12;

/** A DNS server that answers each question by the same SRV records (RFC 1035, RFC 2782). */
export async function startDnsServer(answer: DnsAnswer): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    questions: [],
    answer,
    async stop() {
      socket.close();
      await once(socket, 'close');
    },
  };
  socket.on('message', (query, { port, address }) => {
    const { name, end } = readName(query);
    server.questions.push(name);
    if (server.answer === 'silence') return;
    socket.send(respond(query, end, server.answer), port, address);
  });
  return server;
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let offset = HEADER_BYTES;
  for (let length = query[offset] ?? 0; length > 0; length = query[offset] ?? 0) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  return { name: labels.join('.'), end: offset + 1 };
}

function respond(query: Buffer, endOfName: number, answer: Exclude<DnsAnswer, 'silence'>): Buffer {
  const records = typeof answer === 'string' ? [] : answer;
  const code = typeof answer === 'string' ? RESPONSE_CODES[answer] : 0;
  // Id, flags (a response, recursion available), one question, the answers.
  const header = shorts(query.readUInt16BE(0), 0x8180 | code, 1, records.length, 0, 0);
  const question = query.subarray(HEADER_BYTES, endOfName + 4);
  return Buffer.concat([header, question, ...records.map(writeRecord)]);
}

function writeRecord({ priority = 0, weight = 0, port, target }: SrvAnswer): Buffer {
  const data = Buffer.concat([shorts(priority, weight, port), writeName(target)]);
  // The name is a pointer to that of the question; a time to live of 0 s.
  return Buffer.concat([shorts(0xc000 | HEADER_BYTES, SRV, CLASS_IN, 0, 0, data.length), data]);
}

function writeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
}

function shorts(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => {
    bytes.writeUInt16BE(value, 2 * index);
  });
  return bytes;
}
