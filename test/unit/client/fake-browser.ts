import { vi } from 'vitest';

/**
 * As much of a browser as the client touches: no media, no network, every step visible. For `beforeEach`.
 * @returns takes it away again, and fake timers with it.
 */
export function installFakeBrowser(): () => void {
  FakeSocket.all = [];
  FakeSocket.onMade = undefined;
  FakePeer.all = [];
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('RTCPeerConnection', FakePeer);
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: capabilities });
  vi.stubGlobal('MediaStream', FakeStream);
  return () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  };
}

export const newest = <Item>(list: Item[]): Item => {
  const item = list.at(-1);
  if (!item) throw new Error('there is none yet');
  return item;
};

export function on<Type extends object>(target: EventTarget, type: string, members: Type): void {
  target.dispatchEvent(Object.assign(new Event(type), members));
}

interface Message {
  id?: number | undefined;
  method: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the client sends.
  params: any;
}

/** A WebSocket whose other end is the test: it reads `sent` and says what the relay would say. */
export class FakeSocket extends EventTarget {
  static all: FakeSocket[] = [];
  /** Who serves the sockets that are made from now on. */
  static onMade: ((socket: FakeSocket) => void) | undefined;
  readyState = 0;
  readonly sent: Message[] = [];
  closedWith: number | undefined;
  /** Results by method: what is not listed stays unanswered. */
  results: Record<string, (params: Message['params']) => unknown> = {};

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    super();
    if (!/^wss?:/.test(url)) throw new SyntaxError('bad URL');
    FakeSocket.all.push(this);
    FakeSocket.onMade?.(this);
  }

  open(): void {
    this.readyState = 1;
    on(this, 'open', {});
  }

  send(text: string): void {
    const message = JSON.parse(text) as Message;
    this.sent.push(message);
    const result = this.results[message.method]?.(message.params);
    if (message.id !== undefined && result !== undefined) this.receive({ id: message.id, result });
  }

  close(code = 1005): void {
    this.closedWith ??= code;
    this.readyState = 2;
  }

  /** The relay's close, or the network's. */
  end(code: number, reason = ''): void {
    this.readyState = 3;
    on(this, 'close', { code, reason });
  }

  receive(message: unknown): void {
    const data =
      typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...(message as object) });
    on(this, 'message', { data });
  }

  notify(method: string, params: unknown): void {
    this.receive({ method, params });
  }

  /** What was sent of a method, params only. */
  params(method: string): Message['params'][] {
    return this.sent.filter((message) => message.method === method).map(({ params }) => params);
  }
}

export class FakeTrack extends EventTarget {
  readyState = 'live';
  constructor(
    readonly kind: 'audio' | 'video',
    readonly id: string,
    /** Of the picture; a browser may not know it. */
    public size: { width?: number; height?: number } = {},
  ) {
    super();
  }
  getSettings(): { width?: number; height?: number } {
    return this.size;
  }
  end(): void {
    this.readyState = 'ended';
    on(this, 'ended', {});
  }
}

export class FakeStream {
  readonly tracks: FakeTrack[];
  constructor(
    tracks: FakeTrack[] = [],
    readonly id = 'made up',
  ) {
    this.tracks = tracks;
  }
  getTracks(): FakeTrack[] {
    return this.tracks;
  }
  addTrack(track: FakeTrack): void {
    if (!this.tracks.includes(track)) this.tracks.push(track);
  }
  removeTrack(track: FakeTrack): void {
    if (this.tracks.includes(track)) this.tracks.splice(this.tracks.indexOf(track), 1);
  }
}

export const asTrack = (track: FakeTrack) => track as unknown as MediaStreamTrack;
export const asStream = (stream: FakeStream) => stream as unknown as MediaStream;

export class FakeTransceiver {
  mid: string | null = null;
  currentDirection: string | null = null;
  stopped = false;
  codecs: string[] = [];
  direction: string;
  /** Of its encodings. */
  active = true;
  framesDecoded = 1;
  readonly sender = {
    track: null as FakeTrack | null,
    replaceTrack: async (track: FakeTrack | null) => {
      this.sender.track = track;
    },
    getParameters: () => ({
      encodings: this.#encodings.map((encoding) => ({ ...encoding, active: this.active })),
    }),
    setParameters: async ({ encodings: [encoding] }: { encodings: { active: boolean }[] }) => {
      this.active = encoding?.active === true;
    },
  };
  constructor(
    track: FakeTrack | undefined,
    readonly init: {
      direction?: string;
      sendEncodings?: { rid?: string; maxBitrate?: number }[];
      streams?: FakeStream[];
    } = {},
    readonly trackId = track?.id ?? 'made-up-id',
    readonly kind = track?.kind,
  ) {
    this.sender.track = track ?? null;
    this.direction = init.direction ?? 'sendonly';
  }

  /** Without any in `init`, a browser sends one (W3C WebRTC, "create an RTCRtpSender"). */
  get #encodings(): readonly object[] {
    const { sendEncodings = [] } = this.init;
    return sendEncodings.length > 0 ? sendEncodings : [{}];
  }
  get track(): FakeTrack | undefined {
    return this.sender.track ?? undefined;
  }

  get receiver() {
    return {
      track: { kind: this.kind },
      getStats: async () => new Map([['inbound', { framesDecoded: this.framesDecoded }]]),
    };
  }

  setCodecPreferences(codecs: { mimeType: string }[]): void {
    this.codecs = codecs.map(({ mimeType }) => mimeType);
  }
  stop(): void {
    this.stopped = true;
    this.currentDirection = 'stopped';
  }
}

export class FakeChannel extends EventTarget {
  readyState = 'connecting';
  readonly sent: unknown[] = [];
  constructor(readonly label: string) {
    super();
  }
  open(): void {
    this.readyState = 'open';
    on(this, 'open', {});
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
}

type Step = 'createOffer' | 'createAnswer' | 'setLocalDescription' | 'setRemoteDescription';

export class FakePeer extends EventTarget {
  static all: FakePeer[] = [];
  signalingState = 'stable';
  connectionState = 'new';
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  /** Those that send. */
  readonly transceivers: FakeTransceiver[] = [];
  /** Those that never do; no description of this fake has them. */
  readonly receivers: FakeTransceiver[] = [];
  readonly candidates: RTCIceCandidateInit[] = [];
  readonly channels: FakeChannel[] = [];
  /** Every step that was begun, in order. */
  readonly steps: string[] = [];
  stats: object[] = [];
  #offers = 0;
  readonly #gates = new Map<Step, Promise<void>>();
  readonly #failures = new Map<Step, Error>();

  /** What it gathers with: its configuration at its first description. */
  gathersWith: RTCConfiguration | undefined;

  constructor(public configuration: RTCConfiguration = {}) {
    super();
    FakePeer.all.push(this);
  }

  /** Holds every such step until the returned function is called. */
  hold(step: Step): () => void {
    let open = () => {};
    this.#gates.set(step, new Promise((resolve) => (open = resolve)));
    return () => {
      this.#gates.delete(step);
      open();
    };
  }

  /** The next such step fails. */
  failNext(step: Step): void {
    this.#failures.set(step, new Error(`${step} failed`));
  }

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  createDataChannel(label: string): FakeChannel {
    const channel = new FakeChannel(label);
    this.channels.push(channel);
    return channel;
  }

  addTransceiver(trackOrKind: FakeTrack | string, init: FakeTransceiver['init']): FakeTransceiver {
    const track = typeof trackOrKind === 'string' ? undefined : trackOrKind;
    const id = track?.id ?? `made-up-${this.transceivers.length}`;
    const kind = track?.kind ?? (trackOrKind as 'video');
    const transceiver = new FakeTransceiver(track, init, id, kind);
    (transceiver.direction === 'recvonly' ? this.receivers : this.transceivers).push(transceiver);
    return transceiver;
  }

  async createOffer({ iceRestart = false } = {}): Promise<RTCSessionDescriptionInit> {
    await this.#step('createOffer');
    this.#offers += 1;
    const sections = this.transceivers
      .filter(({ mid, stopped }) => mid !== null || !stopped)
      .map((transceiver, index) => {
        transceiver.mid ??= String(index + 1);
        const { mid, stopped, direction, trackId, init } = transceiver;
        const sends = !stopped && direction !== 'inactive';
        const msid = `a=msid:${init.streams?.[0]?.id ?? '-'} ${trackId}\r\n`;
        return `m=video ${stopped ? 0 : 9} X 96\r\na=mid:${mid}\r\n${sends ? msid : 'a=inactive\r\n'}`;
      });
    return {
      type: 'offer',
      sdp: `v=0\r\ns=${this.#offers}${iceRestart ? ' restart' : ''}\r\n${sections.join('')}`,
    };
  }

  async createAnswer(): Promise<RTCSessionDescriptionInit> {
    await this.#step('createAnswer');
    return { type: 'answer', sdp: `answer to ${this.remoteDescription?.sdp}` };
  }

  async setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await this.#step('setLocalDescription', description.type);
    if (description.type === 'rollback') {
      this.signalingState = 'stable';
      for (const transceiver of this.transceivers) {
        if (transceiver.currentDirection === null) transceiver.mid = null;
      }
      return;
    }
    this.gathersWith ??= this.configuration;
    this.localDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await this.#step('setRemoteDescription', description.type);
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
    if (description.type === 'answer')
      for (const transceiver of this.transceivers) transceiver.currentDirection ??= 'sendonly';
  }

  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (!this.remoteDescription) throw new Error('no remote description');
    this.candidates.push(candidate);
  }

  async getStats(): Promise<Map<string, object>> {
    return new Map(this.stats.map((entry, index) => [String(index), entry]));
  }

  close(): void {
    this.signalingState = 'closed';
    this.connectionState = 'closed';
  }

  get isClosed(): boolean {
    return this.signalingState === 'closed';
  }

  gather(candidate: string): void {
    on(this, 'icecandidate', { candidate: { candidate, toJSON: () => ({ candidate, sdpMid: '0' }) } });
  }

  become(connectionState: string): void {
    this.connectionState = connectionState;
    on(this, 'connectionstatechange', {});
  }

  /** Media arrives in the section `mid`. */
  bring(track: FakeTrack, stream: FakeStream, mid: string, framesDecoded = 1): FakeTransceiver {
    const transceiver = new FakeTransceiver(track);
    transceiver.framesDecoded = framesDecoded;
    transceiver.mid = mid;
    transceiver.currentDirection = 'recvonly';
    on(this, 'track', { track, streams: [stream], transceiver });
    return transceiver;
  }

  bringChannel(label: string): FakeChannel {
    const channel = new FakeChannel(label);
    on(this, 'datachannel', { channel });
    return channel;
  }

  async #step(step: Step, detail = ''): Promise<void> {
    this.steps.push([step, detail].filter(Boolean).join(' '));
    await this.#gates.get(step);
    const failure = this.#failures.get(step);
    this.#failures.delete(step);
    if (failure) throw failure;
    // What a closed connection was asked stays unanswered (W3C WebRTC).
    if (this.isClosed) await new Promise(() => {});
  }
}

function capabilities(kind: string): { codecs: { mimeType: string; sdpFmtpLine?: string }[] } {
  if (kind === 'audio') return { codecs: [{ mimeType: 'audio/opus' }, { mimeType: 'audio/PCMU' }] };
  return {
    codecs: [
      { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=640032' },
      { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=42e01f' },
      { mimeType: 'video/AV1' },
      { mimeType: 'video/VP8' },
      { mimeType: 'video/rtx' },
    ],
  };
}

/** An SFU's offer, with a section for each track that it brings. */
export function offerWith(...tracks: { mid: string; streamId: string; trackId: string }[]): string {
  const sections = tracks.map(
    ({ mid, streamId, trackId }) =>
      `m=video 9 X 96\r\na=mid:${mid}\r\na=msid:${streamId} ${trackId}\r\na=sendonly\r\n`,
  );
  return `v=0\r\n${sections.join('')}`;
}

/** Lets every promise that can go on do so. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
