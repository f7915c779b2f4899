import { type Browser, launch } from 'puppeteer-core';
import type { OpenTab } from './participant.js';
import { firefoxPath } from './real.js';

/** The pages are of 127.0.0.1, and so are the SFUs: ICE needs the loopback addresses as they are. */
const preferences = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
};

/** One headless Firefox with a fake camera and microphone. */
export interface TestFirefox {
  open(url: string): Promise<OpenTab>;
  close(): Promise<void>;
}

/** By WebDriver BiDi, which the Firefox of a Linux distribution speaks; Playwright's needs a patched one. */
export async function launchFirefox(): Promise<TestFirefox> {
  const executablePath = firefoxPath();
  if (!executablePath) throw new Error('no Firefox');
  const browser = await launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    // Those of TURN servers, too.
    acceptInsecureCerts: true,
    extraPrefsFirefox: preferences,
  });
  return { open: (url) => openPage(browser, url), close: () => browser.close() };
}

async function openPage(browser: Browser, url: string): Promise<OpenTab> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors, [Symbol.asyncDispose]: () => context.close() };
}
