import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumPath } from './real.js';

/** Takes the place of Playwright's list: the parts of it that matter here, and what costs. */
const unwantedFeatures = [
  // A renderer for each window's address bar, which nobody sees: as much CPU as all pages of the tests together.
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'MediaRouter',
  'OptimizationHints',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
];

const flags = [
  `--disable-features=${unwantedFeatures}`,
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  // TURN servers have certificates, too, and a context's `ignoreHTTPSErrors` does not count for them.
  '--ignore-certificate-errors',
  // The SFUs of the tests are on 127.0.0.1 only.
  '--allow-loopback-in-peer-connection',
];

/** The camera: a fake one that every page may use, one that the browser allows to no page, or none. */
type Camera = 'allowed' | 'refused' | 'none';

const cameraFlags: Record<Camera, string[]> = {
  allowed: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  refused: ['--use-fake-device-for-media-stream'],
  none: ['--use-fake-device-for-media-stream=device-count=0', '--use-fake-ui-for-media-stream'],
};

/** One headless Chromium. */
export interface TestBrowser {
  open(url: string): Promise<TestPage>;
  close(): Promise<void>;
}

export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** Exceptions that nobody caught and console errors, as they came. */
  readonly errors: readonly string[];
}

export async function launchBrowser(camera: Camera = 'allowed'): Promise<TestBrowser> {
  const executablePath = chromiumPath();
  if (!executablePath) throw new Error('no Chromium');
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [...flags, ...cameraFlags[camera]],
  });
  return {
    open: (url) => openPage(browser, url, camera),
    close: () => browser.close(),
  };
}

async function openPage(browser: Browser, url: string, camera: Camera): Promise<TestPage> {
  const context = await browser.newContext({
    permissions: camera === 'refused' ? [] : ['camera', 'microphone'],
    // The certificates of the tests are of an authority of their own.
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors, [Symbol.asyncDispose]: () => context.close() };
}
