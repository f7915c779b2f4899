import type { BrowserParticipant, OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';

type Participant = BrowserParticipant<OpenTab>;

/** ms of each measured level. */
const WINDOW_MS = 20;

/** What a listener has heard of a chord that sounds all the time. */
export interface Sound {
  /** The longest time below a third of the usual level, in ms. */
  silenceMs: number;
  /** The highest level that lasts 60 ms, relative to the usual one. The chord and its echo, heard together, are at 1.4. */
  loudest: number;
}

declare global {
  interface Window {
    /** RMS of what was heard, one for each 20 ms, and when it was (Date.now()). */
    levels: { at: number; level: number }[];
  }
}

/** Publishes a chord without end. @returns the stream's id */
export function publishChord(participant: Participant): Promise<string> {
  return participant.tab.page.evaluate(async () => {
    const context = new AudioContext({ sampleRate: 48_000 });
    const target = context.createMediaStreamDestination();
    const volume = new GainNode(context, { gain: 0.08 });
    volume.connect(target);
    // No two have a common period: a delayed chord neither doubles nor silences the first one.
    for (const frequency of [331, 447, 613, 787, 1_013]) {
      const tone = new OscillatorNode(context, { frequency });
      tone.connect(volume);
      tone.start();
    }
    return (await window.client.publish(target.stream)).streamId;
  });
}

/** Measures the mix of all audio tracks of a stream from now on; resolves when it is heard. */
export async function listen(participant: Participant, streamId: string): Promise<void> {
  const { page } = participant.tab;
  await until('the chord is received', () =>
    page.evaluate((id) => window.client.tracks.some((each) => each.streamId === id), streamId),
  );
  await page.evaluate(measure, { streamId, windowMs: WINDOW_MS });
  await until('the chord is heard', () =>
    page.evaluate(
      () => window.levels.slice(-10).every(({ level }) => level > 0.01) && window.levels.length > 10,
    ),
  );
}

/** What was heard between these times (Date.now()), compared with the time before. */
export async function heard(participant: Participant, from: number, to: number): Promise<Sound> {
  const levels = await participant.tab.page.evaluate(() => window.levels);
  const before = levels.filter(({ at }) => at < from).map(({ level }) => level);
  const usual = before.sort((one, other) => one - other)[before.length >> 1] ?? Number.NaN;
  const during = levels.filter(({ at }) => at >= from && at <= to).map(({ level }) => level / usual);
  let [longest, silent] = [0, 0];
  for (const level of during) {
    silent = level < 1 / 3 ? silent + 1 : 0;
    longest = Math.max(longest, silent);
  }
  const lasting = during.slice(2).map((level, n) => Math.min(level, during[n] ?? 0, during[n + 1] ?? 0));
  return { silenceMs: longest * WINDOW_MS, loudest: Math.round(Math.max(...lasting) * 100) / 100 };
}

/** In the page. */
async function measure({ streamId, windowMs }: { streamId: string; windowMs: number }): Promise<void> {
  const context = new AudioContext({ sampleRate: 48_000 });
  const code = `registerProcessor('meter', class extends AudioWorkletProcessor {
    sum = 0;
    count = 0;
    process([[samples = new Float32Array(128)]]) {
      for (const sample of samples) this.sum += sample * sample;
      this.count += samples.length;
      if (this.count < ${48 * windowMs}) return true;
      this.port.postMessage(Math.sqrt(this.sum / this.count));
      this.sum = this.count = 0;
      return true;
    }
  });`;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const meter = new AudioWorkletNode(context, 'meter', { channelCount: 1, channelCountMode: 'explicit' });
  window.levels = [];
  meter.port.onmessage = ({ data }) => window.levels.push({ at: Date.now(), level: data });
  meter.connect(context.destination);
  const { stream } = window.client.tracks.find((each) => each.streamId === streamId) ?? {};
  if (!stream) throw new Error('the stream is not there');
  const sources = new Map<MediaStreamTrack, AudioNode>();
  const update = () => {
    const tracks = stream.getAudioTracks();
    for (const track of tracks) {
      if (sources.has(track)) continue;
      const source = context.createMediaStreamSource(new MediaStream([track]));
      source.connect(meter);
      sources.set(track, source);
    }
    for (const [track, source] of sources) {
      if (tracks.includes(track)) continue;
      source.disconnect();
      sources.delete(track);
    }
  };
  // A stream has no event for what a script adds.
  for (const name of ['addTrack', 'removeTrack'] as const) {
    const original = stream[name];
    stream[name] = (track) => {
      original.call(stream, track);
      // After both steps of a change.
      queueMicrotask(update);
    };
  }
  stream.addEventListener('addtrack', update);
  stream.addEventListener('removetrack', update);
  update();
}
