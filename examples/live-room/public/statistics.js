// @ts-check
/** The four charts of the connection, fed by the client's `stats` event. */
import { Chart } from './chart.js';
import { animate, byId } from './dom.js';

export class Statistics {
  #panel = byId('stats');
  #charts;
  #video;
  #audio;
  #loss;
  #delay;

  constructor() {
    const root = byId('charts');
    root.replaceChildren();
    this.#video = new Chart(root, {
      label: 'Video',
      series: [{ name: 'Video', color: '--chart-video' }],
      format: bitrate,
      floor: 100_000,
    });
    this.#audio = new Chart(root, {
      label: 'Audio',
      series: [{ name: 'Audio', color: '--chart-audio' }],
      format: bitrate,
      floor: 40_000,
    });
    this.#loss = new Chart(root, {
      label: 'Loss',
      series: [{ name: 'Packet loss', color: '--chart-loss' }],
      format: (share) => `${(share * 100).toFixed(1)} %`,
      floor: 0.02,
    });
    this.#delay = new Chart(root, {
      label: 'Delay',
      series: [
        { name: 'RTT', color: '--chart-delay' },
        { name: 'Jitter', color: '--chart-jitter', dashed: true },
      ],
      format: (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`,
      floor: 10,
    });
    this.#video.element.querySelector('output').dataset.testid = 'stats-video-bitrate';
    this.#audio.element.querySelector('output').dataset.testid = 'stats-audio-bitrate';
    this.#charts = [this.#video, this.#audio, this.#loss, this.#delay];
    animate(() => this.#draw());
  }

  /** @param {Record<'videoBitrate' | 'audioBitrate' | 'packetLoss' | 'roundTripTime' | 'jitter', number | null>} stats */
  show({ videoBitrate, audioBitrate, packetLoss, roundTripTime, jitter }) {
    if (videoBitrate === null || audioBitrate === null) return;
    this.#video.push([videoBitrate]);
    this.#audio.push([audioBitrate]);
    this.#loss.push([packetLoss ?? 0]);
    this.#delay.push([roundTripTime ?? 0, jitter ?? 0]);
    this.#draw();
  }

  /** Not connected: no current figures. */
  pause() {
    for (const chart of this.#charts) chart.pause();
  }

  clear() {
    for (const chart of this.#charts) chart.clear();
    this.#draw();
  }

  #draw() {
    if (this.#panel.checkVisibility({ visibilityProperty: true }))
      for (const chart of this.#charts) chart.draw();
    return true;
  }
}

/** @param {number} bitsPerSecond */
function bitrate(bitsPerSecond) {
  if (bitsPerSecond >= 999_500) return `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}
