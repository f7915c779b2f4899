#!/usr/bin/env node
/**
 * Photographs the live room of examples/ in Chromium, with the development SFU, and writes docs/live-room.webp.
 *
 *   npm run picture
 *
 * CHROMIUM_PATH is the browser, `chromium` by default.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const SIZE = { width: 1440, height: 900 };
/** Two bitrates and two seconds of their chart. */
const STATISTICS_MS = 6_000;
/** Hearts are in the air, and gifts are on their cards. */
const REACTIONS_MS = 1_200;

const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Resolves when the demo has printed its address. */
async function startDemo() {
  const env = { ...process.env, HOST: '127.0.0.1', PORT: String(await freePort()) };
  const demo = spawn(process.execPath, [pathOf('examples/live-room/server.js')], { env });
  let output = '';
  for await (const chunk of demo.stdout) {
    output += chunk;
    const [url] = /http:\/\/\S+/.exec(output) ?? [];
    if (url) return { url, stop: () => demo.kill() };
  }
  throw new Error(`The demo has not started: ${output}`);
}

const demo = await startDemo();
process.once('exit', demo.stop);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection'],
});

/** Without the permission to use a camera: a publisher sends a generated video. */
async function enter(name, role) {
  const context = await browser.newContext({ viewport: SIZE, colorScheme: 'dark', locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(`${demo.url}?${new URLSearchParams({ name, auto: role })}`);
  if (role === 'live') await page.getByTestId('without-camera').click();
  await page.locator('[data-testid=state][data-state=connected]').waitFor({ state: 'attached' });
  const say = async (text) => {
    await page.getByTestId('chat-text').fill(text);
    await page.getByTestId('chat-send').click();
    await page.locator('[data-testid=message]:not(.pending)').getByText(text).waitFor();
  };
  const click = (testId, times = 1) =>
    page.getByTestId(testId).evaluate((button, count) => {
      for (let n = 0; n < count; n += 1) button.click();
    }, times);
  return { page, say, click };
}

const katherine = await enter('Katherine Johnson', 'watch');
const ada = await enter('Ada Lovelace', 'live');
const grace = await enter('Grace Hopper', 'live');
const alan = await enter('Alan Turing', 'watch');
await katherine.page.locator('[data-testid=tile]').nth(1).waitFor();
await alan.say('I receive both videos on my phone.');
await ada.say('Does the relay see any of this media?');
await grace.say('No: media goes straight to the SFU.');
await alan.say('Brilliant!');
await alan.click('like', 380);
await katherine.page.waitForTimeout(STATISTICS_MS);
await ada.click('gift-rocket');
for (let n = 0; n < 4; n += 1) await alan.click('gift-rose');
await katherine.page.getByTestId('gift-card').nth(1).waitFor();
for (let n = 0; n < 4; n += 1) {
  await alan.click('like', 3);
  await ada.click('like', 2);
  await katherine.page.waitForTimeout(REACTIONS_MS / 4);
}
const devTools = await katherine.page.context().newCDPSession(katherine.page);
const { data } = await devTools.send('Page.captureScreenshot', { format: 'webp', quality: 85 });
await writeFile(pathOf('docs/live-room.webp'), Buffer.from(data, 'base64'));
await browser.close();
process.exit();
