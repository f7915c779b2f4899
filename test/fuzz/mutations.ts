import type { Random } from './random.js';

/** What parsers trip over, each in another way. */
const NASTY = [
  '',
  ' ',
  '0',
  '-1',
  '+1',
  '00',
  '1e3',
  '0x10',
  '1.5',
  '127',
  '128',
  '256',
  '65535',
  '65536',
  '4294967295',
  '4294967296',
  '99999999999999999999',
  'NaN',
  'x',
  ':',
  '=',
  '/',
  '*',
  '-',
  '%00',
  '%zz',
  '\u0000',
  '\t',
  '\r',
  '\n',
  '\r\n',
  '\r\na=sendrecv\r\n',
  '\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n',
  '\u00a0',
  '\u2028',
  '\ud800',
  '\udc00',
  '\ufeff',
  '٣',
  '__proto__',
  'constructor',
  'audio',
  'video',
  'data',
  'A'.repeat(300),
] as const;

type TextMutation = (text: string, random: Random) => string;

const replaceAt = (text: string, start: number, length: number, by: string) =>
  text.slice(0, start) + by + text.slice(start + length);

/** Puts something else in the place of one word, as the grammar of SDP and of candidates divides a line. */
const replaceWord: TextMutation = (text, random) => {
  const words = [...text.matchAll(/[^\s:=/;]+/g)];
  const word = words.length > 0 ? random.pick(words) : undefined;
  return word ? replaceAt(text, word.index, word[0].length, random.pick(NASTY)) : random.pick(NASTY);
};

const TEXT_MUTATIONS: readonly TextMutation[] = [
  replaceWord,
  replaceWord,
  replaceWord,
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.below(text.length + 1)),
  (text, random) => replaceAt(text, random.below(text.length + 1), 0, random.pick(NASTY)),
  (text, random) => replaceAt(text, random.below(text.length + 1), 1, ''),
  (text) => text + text,
  (text) => text.toUpperCase(),
  (text) => text.replaceAll(' ', '  '),
  (text) => text.replace(/\d+/g, '0'),
  (text) => `${text} `,
  (text) => ` ${text}`,
  (text, random) => text.replace(/[:= ].*$/, random.pick(['', ':', ' '])),
  (text) => [...text].reverse().join(''),
];

/** The text with one thing wrong, sometimes with none. */
export function mutateText(text: string, random: Random): string {
  return random.pick(TEXT_MUTATIONS)(text, random);
}

type LinesMutation = (lines: string[], at: number, random: Random) => string[];

const insert = (lines: string[], at: number, ...added: string[]) => [
  ...lines.slice(0, at),
  ...added,
  ...lines.slice(at),
];
const without = (lines: string[], at: number, count = 1) => [
  ...lines.slice(0, at),
  ...lines.slice(at + count),
];

/** Lines of which a section may have none, or not a second one, or not that one. */
const STRAY_LINES = [
  'v=0',
  's=-',
  't=0 0',
  'i=title',
  'u=http://[::1',
  'e=a@b.c',
  'b=AS:1',
  'b=X-YZ:x',
  'k=prompt',
  'z=0 0',
  'r=7d 1h 0 25h',
  'a=recvonly',
  'a=sendrecv',
  'a=inactive',
  'a=mid:9',
  'a=mid:audio',
  'a=setup:passive',
  'a=ice-lite',
  'a=ice-ufrag:abcd',
  'a=candidate:1 1 udp 1 127.0.0.1 9 typ host',
  'a=end-of-candidates',
  'a=msid:- t9',
  'a=ssrc:1 msid:s9 t9',
  'a=ssrc:x cname:y',
  'a=ssrc-group:FID 1 2',
  'a=ssrc-group:SIM 1 2 3',
  'a=rid:f send',
  'a=simulcast:send f;h;q',
  'a=simulcast:recv ~x',
  'a=extmap:0 urn:x',
  'a=extmap:1/up %zz',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:x y',
  'a=fmtp:96 apt=x',
  'a=fmtp:111 apt=999',
  'a=crypto:1 x y',
  'a=sctpmap:5000 x',
  'a=group:BUNDLE',
  'a=',
  'm=text 9 RTP/AVP 0',
  'm=message 9 TCP/MSRP *',
  'm=audio 0 UDP/TLS/RTP/SAVPF 0',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
] as const;

const editLine: LinesMutation = (lines, at, random) =>
  lines.map((line, index) => (index === at ? mutateText(line, random) : line));

const LINES_MUTATIONS: readonly LinesMutation[] = [
  editLine,
  editLine,
  editLine,
  editLine,
  (lines, at) => without(lines, at),
  (lines, at) => insert(lines, at, lines[at] ?? ''),
  (lines, at, random) => insert(without(lines, at), random.below(lines.length), lines[at] ?? ''),
  (lines, at, random) => insert(lines, at, random.pick(STRAY_LINES)),
  (lines, at, random) => insert(lines, at, random.pick(lines)),
  (lines, at, random) => without(lines, at, random.below(6)),
  (lines, at) => lines.slice(0, at),
  mutateSections,
];

/** Sections left out, doubled, exchanged: what is right in itself, and wrong as a whole. */
function mutateSections(lines: string[], _at: number, random: Random): string[] {
  const starts = lines.flatMap((line, index) => (line.startsWith('m=') ? [index] : []));
  const head = lines.slice(0, starts[0]);
  const sections = starts.map((start, index) => lines.slice(start, starts[index + 1]));
  const one = random.below(sections.length);
  const other = random.below(sections.length);
  const section = sections[one] ?? [];
  const changed = random.pick([
    () => sections.filter((_, index) => index !== one),
    () => [...sections, section],
    () => [...sections, section.map((line) => (line.startsWith('a=mid:') ? `${line}x` : line))],
    () => sections.map((each, index) => (index === one ? (sections[other] ?? each) : each)),
    () => [...sections].reverse(),
    () => [],
  ])();
  return [...head, ...changed.flat()];
}

/** The description with one to three of its lines or sections wrong. */
export function mutateSdp(sdp: string, random: Random): string {
  const ending = random.chance(0.05) ? '\n' : '\r\n';
  let lines = sdp.split('\r\n').slice(0, -1);
  for (let rounds = 1 + random.below(3); rounds > 0; rounds -= 1)
    if (lines.length > 0) lines = random.pick(LINES_MUTATIONS)(lines, random.below(lines.length), random);
  const mutated = lines.map((line) => line + ending).join('');
  return random.chance(0.02) ? mutated.trimEnd() : mutated;
}

/** A JSON value in the place of another. */
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  7,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  '0',
  '\u0000',
  '\ud800',
  'x'.repeat(129),
  'x'.repeat(5_000),
  [],
  [[]],
  [null],
  {},
  { __proto__: null, toString: 1 },
  { length: 1e9 },
];

/** The JSON with members that are missing, of another type, or damaged. */
export function mutateJson(value: unknown, random: Random): unknown {
  if (random.chance(0.1)) return random.pick(VALUES);
  if (typeof value === 'string') return mutateText(value, random);
  if (Array.isArray(value))
    return random.pick([
      () => value.slice(1),
      () => [...value, ...value],
      () => value.map((each) => (random.chance(0.5) ? mutateJson(each, random) : each)),
    ])();
  if (typeof value === 'object' && value !== null) return mutateMembers(value, random);
  return random.pick(VALUES);
}

function mutateMembers(value: object, random: Random): unknown {
  const entries = Object.entries(value);
  const [key, member] = entries[random.below(entries.length)] ?? ['none', undefined];
  return random.pick([
    () => Object.fromEntries(entries.filter(([each]) => each !== key)),
    () => ({ ...value, [key]: mutateJson(member, random) }),
    () => ({ ...value, [key]: mutateJson(member, random) }),
    () => ({ ...value, [random.pick(NASTY)]: random.pick(VALUES) }),
    // Parsed, it becomes an own member of this name, as a client's would.
    () => JSON.parse(`{"__proto__": ${JSON.stringify(value)}}`),
    () => ({ ...value, [key]: nested(2 + random.below(2_000)) }),
  ])();
}

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
}
