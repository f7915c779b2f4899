// @ts-check
/** Generated video and audio for users without a camera or microphone, or without the permission to use them. */
import { hueOf, initials } from './avatar.js';

const WIDTH = 960;
const HEIGHT = 540;
const FRAMES_PER_SECOND = 15;
/** The soft colors are painted small and scaled up, which saves 15/16 of the work. */
const glowCanvas = Object.assign(document.createElement('canvas'), { width: WIDTH / 4, height: HEIGHT / 4 });
const glowContext = glowCanvas.getContext('2d', { alpha: false });
const FONT = '"Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/**
 * A moving picture as a video track: the person's color, name and a clock.
 * @param {string} name
 * @param {{ cameraOff?: boolean }} [options] cameraOff: a still card that says so
 * @returns {MediaStreamTrack}
 */
export function generatedVideo(name, options = {}) {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('This browser has no 2D canvas.');
  const draw = () => (options.cameraOff ? drawCard(context, name) : drawPicture(context, name, Date.now()));
  draw();
  const [track] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks();
  const ticker = new Worker('/ticker.js');
  ticker.onmessage = draw;
  return endingWith(track, () => ticker.terminate());
}

/**
 * A soft chime every two seconds, in the person's own pitch, as an audio track.
 * @param {string} name
 * @param {{ silent?: boolean }} [options] silent: a sound track without a sound
 * @returns {MediaStreamTrack}
 */
export function generatedAudio(name, { silent = false } = {}) {
  const audio = new AudioContext();
  const output = audio.createMediaStreamDestination();
  const pitch = 262 * 2 ** ((hueOf(name) % 12) / 12);
  let next = audio.currentTime + 0.2;
  const schedule = () => {
    for (; !silent && next < audio.currentTime + 4; next += 2) chime(audio, output, pitch, next);
  };
  schedule();
  const timer = setInterval(schedule, 1000);
  // Without a click on the page the browser keeps an AudioContext silent until there is one.
  const resume = () => audio.resume().catch(() => {});
  addEventListener('pointerdown', resume);
  addEventListener('keydown', resume);
  const [track] = output.stream.getAudioTracks();
  return endingWith(track, () => {
    clearInterval(timer);
    removeEventListener('pointerdown', resume);
    removeEventListener('keydown', resume);
    audio.close().catch(() => {});
  });
}

/**
 * One frame of the generated picture.
 * @param {CanvasRenderingContext2D} context
 * @param {string} name
 * @param {number} now ms since the epoch
 */
export function drawPicture(context, name, now) {
  const t = now / 1000;
  drawGlows(hueOf(name), t);
  context.drawImage(glowCanvas, 0, 0, WIDTH, HEIGHT);
  drawWave(context, t);
  drawName(context, name, 0.4);
  drawClock(context, now, 0.52);
}

/**
 * The card that is shown while the camera is off.
 * @param {CanvasRenderingContext2D} context
 * @param {string} name
 */
function drawCard(context, name) {
  const hue = hueOf(name);
  context.fillStyle = `hsl(${hue} 18% 15%)`;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = `hsl(${hue} 42% 34%)`;
  context.beginPath();
  context.arc(WIDTH / 2, HEIGHT / 2, 96, 0, 2 * Math.PI);
  context.fill();
  context.font = `600 76px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = '#fff';
  context.fillText(initials(name), WIDTH / 2, HEIGHT / 2 + 4);
}

/**
 * Three lights that wander over the person's color.
 * @param {number} hue
 * @param {number} t seconds
 */
function drawGlows(hue, t) {
  const { width, height } = glowCanvas;
  if (!glowContext) return;
  glowContext.fillStyle = `hsl(${hue} 46% 15%)`;
  glowContext.fillRect(0, 0, width, height);
  const lights = [
    [0.22 + 0.1 * Math.sin(t / 3), 0.3 + 0.12 * Math.cos(t / 4), 0.62, `${hue} 72% 46%`],
    [0.8 + 0.1 * Math.cos(t / 5), 0.75 + 0.1 * Math.sin(t / 3.4), 0.6, `${hue + 48} 74% 48%`],
    [0.62 + 0.14 * Math.sin(t / 6), 0.1, 0.42, `${hue - 40} 70% 40%`],
  ];
  for (const [x, y, radius, color] of /** @type {[number, number, number, string][]} */ (lights)) {
    const center = /** @type {const} */ ([x * width, y * height]);
    const gradient = glowContext.createRadialGradient(...center, 0, ...center, radius * width);
    gradient.addColorStop(0, `hsl(${color} / 0.85)`);
    gradient.addColorStop(1, `hsl(${color} / 0)`);
    glowContext.fillStyle = gradient;
    glowContext.fillRect(0, 0, width, height);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} t seconds
 */
function drawWave(context, t) {
  context.lineWidth = 2.5;
  for (const [strength, shift] of [
    [0.3, 0],
    [0.16, 0.9],
    [0.08, 1.8],
  ]) {
    context.strokeStyle = `rgb(255 255 255 / ${strength})`;
    context.beginPath();
    for (let x = -8; x <= WIDTH + 8; x += 12) {
      const swell = Math.sin((x / WIDTH) * Math.PI);
      const y = HEIGHT * 0.8 + swell * 26 * Math.sin(x / 90 + t * 1.6 + shift) * Math.cos(t / 2 + shift);
      context.lineTo(x, y);
    }
    context.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} name
 * @param {number} y 0–1
 */
function drawName(context, name, y) {
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `600 34px ${FONT}`;
  context.fillStyle = 'rgb(255 255 255 / 0.86)';
  let shown = name;
  while (context.measureText(shown).width > WIDTH * 0.4) shown = `${shown.slice(0, -2)}…`;
  context.fillText(shown, WIDTH / 2, HEIGHT * y);
}

/**
 * The time with tenths, so that two tabs side by side show the delay between them.
 * @param {CanvasRenderingContext2D} context
 * @param {number} now ms since the epoch
 * @param {number} y 0–1
 */
function drawClock(context, now, y) {
  const text = `${new Date(now).toLocaleTimeString('en-GB')}.${Math.floor((now % 1000) / 100)}`;
  context.font = `700 76px ${FONT}`;
  context.fillStyle = '#fff';
  // Each character in a cell of its own: not every font has digits of one width.
  const cell = (/** @type {string} */ character) => (/\d/.test(character) ? 44 : 25);
  let x = (WIDTH - [...text].reduce((sum, character) => sum + cell(character), 0)) / 2;
  for (const character of text) {
    context.fillText(character, x + cell(character) / 2, HEIGHT * y);
    x += cell(character);
  }
}

/**
 * @param {AudioContext} audio
 * @param {AudioNode} output
 * @param {number} pitch Hz
 * @param {number} at seconds
 */
function chime(audio, output, pitch, at) {
  for (const [ratio, delay] of [
    [1, 0],
    [1.5, 0.16],
  ]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch * ratio;
    volume.gain.setValueAtTime(0, at + delay);
    volume.gain.linearRampToValueAtTime(0.09, at + delay + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.0005, at + delay + 1.1);
    tone.connect(volume).connect(output);
    tone.start(at + delay);
    tone.stop(at + delay + 1.2);
  }
}

/**
 * A track whose stop() also stops what makes it.
 * @param {MediaStreamTrack} track
 * @param {() => void} cleanUp
 */
function endingWith(track, cleanUp) {
  const stop = track.stop.bind(track);
  track.stop = () => {
    stop();
    cleanUp();
  };
  return track;
}
