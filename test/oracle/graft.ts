import type { MediaStream, Transport } from '../support/media-peers.js';

/**
 * A recorded offer with the transport of a peer that lives, and sources that no other offer has: the SFU keeps the packets
 * of all its rooms by their sources.
 * @param sourceOf gives a source for each of the recording
 */
export function graft(recording: string, transport: Transport, sourceOf: (index: number) => number): string {
  const sources = new Map<string, number>();
  const sourced = recording.replace(/^a=ssrc(?:-group:\w+ |:)[\d ]+/gm, (line) =>
    line.replace(/\d+/g, (ssrc) => {
      const known = sources.get(ssrc) ?? sourceOf(sources.size);
      sources.set(ssrc, known);
      return String(known);
    }),
  );
  return sourced
    .replace(/^a=ice-ufrag:.*?(\r?)$/gm, `a=ice-ufrag:${transport.ufrag}$1`)
    .replace(/^a=ice-pwd:.*?(\r?)$/gm, `a=ice-pwd:${transport.pwd}$1`)
    .replace(/^a=fingerprint:(\S+) \S+/gm, (_, algorithm) => fingerprintLine(algorithm, transport))
    .replace(/^(a=candidate:(?:\S+ ){4})(\S+)/gm, (_, start: string, address: string) =>
      address.endsWith('.local') ? start + address : start + (address.includes(':') ? '::1' : '127.0.0.1'),
    );
}

export function fingerprintLine(algorithm: string, { fingerprints }: Transport): string {
  return `a=fingerprint:${algorithm} ${fingerprints[algorithm] ?? fingerprints['sha-256']}`;
}

const SDES = 'urn:ietf:params:rtp-hdrext:sdes:';

/**
 * What somebody sends whose offer this is: a stream for each sending section, or for each of its layers, in the codec that the
 * answer has first.
 */
export function streamsOf(offer: string, answer: string): MediaStream[] {
  const answered = sectionsOf(answer);
  return sectionsOf(offer).flatMap((section) => {
    const [, kind] = /^m=(audio|video)[ \t]/.exec(section) ?? [];
    if ((kind !== 'audio' && kind !== 'video') || /^a=(?:recvonly|inactive)\s*$/m.test(section)) return [];
    const mid = midOf(section);
    const codec = codecOf(answered.find((each) => midOf(each) === mid) ?? '') ?? codecOf(section);
    const stream = { kind, codec: codec?.name ?? 'VP8', payloadType: codec?.payloadType ?? 96 } as const;
    const extension = (name: string, value: string) => {
      const [, id] = new RegExp(`^a=extmap:(\\d+)\\S* ${SDES}${name}`, 'm').exec(section) ?? [];
      const isShort = Number(id) < 15 && value.length > 0 && value.length <= 16;
      return isShort ? [{ id: Number(id), value }] : [];
    };
    const rids = [...section.matchAll(/^a=rid:(\S+) send/gm)].map(([, rid]) => rid ?? '');
    const [, ssrc] = /^a=ssrc:(\d+)/m.exec(section) ?? [];
    if (rids.length === 0) return [{ ...stream, ssrc: valid(ssrc), extensions: extension('mid', mid) }];
    return rids.map((rid) => ({
      ...stream,
      ssrc: randomSource(),
      extensions: [...extension('mid', mid), ...extension('rtp-stream-id', rid)],
    }));
  });
}

function sectionsOf(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m).slice(1);
}

function midOf(section: string): string {
  return /^a=mid:\s*(.*?)\s*$/m.exec(section)?.[1] ?? '';
}

/** The first one that media can be in. */
function codecOf(section: string): { name: string; payloadType: number } | undefined {
  const [, formats = ''] = /^m=\w+[ \t]+\S+[ \t]+\S+(.*)/.exec(section) ?? [];
  for (const payloadType of formats.trim().split(/[ \t]+/)) {
    const [, name] =
      new RegExp(`^a=rtpmap:0*${Number(payloadType)}[ \\t]+(opus|VP8|VP9|H264)`, 'im').exec(section) ?? [];
    if (name) return { name: name.toUpperCase(), payloadType: Number(payloadType) };
  }
  return undefined;
}

function valid(ssrc: string | undefined): number {
  const number = Number(ssrc);
  return number > 0 && number <= 0xffffffff ? number : randomSource();
}

export function randomSource(): number {
  return 1 + Math.floor(Math.random() * 0xfffffffe);
}
