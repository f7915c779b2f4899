import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';
import { ConsumerProject } from '../support/consumer.js';
import { installed, type Step, saveFiles, stepsOf } from '../support/guide.js';
import { freePort } from '../support/listen.js';
import { useTabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { ProductionIon } from '../support/production-ion.js';
import { describeReal } from '../support/real.js';

const run = promisify(execFile);
const programs = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));
const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` };
const LIVE_SECRET = 'a secret of thirty-two bytes, or more';

describeReal(['chromium'], 'docs/GETTING-STARTED.md, followed step by step', () => {
  const tabs = useTabs();
  let steps: Map<string, Step[]>;
  let project: ConsumerProject;

  const step = (number: number) => {
    const found = [...steps].find(([title]) => title.startsWith(`${number}. `));
    if (!found) throw new Error(`there is no step ${number}`);
    return found[1];
  };

  beforeAll(async () => {
    steps = await stepsOf('docs/GETTING-STARTED.md');
    const others = installed(step(1)).filter((name) => name !== 'sfu-relay');
    project = await ConsumerProject.create('module', others);
    const commands = step(1).flatMap((each) => (each.does === 'run' ? each.commands : []));
    const [scripts = ''] = commands.filter((command) => command.startsWith('npm pkg set '));
    await run('sh', ['-c', scripts], { cwd: project.folder });
    for (const number of [1, 2, 3]) await saveFiles(step(number), project.folder);
  });
  afterAll(() => project?.remove());

  const check = () => run('npm', ['run', 'check'], { cwd: project.folder, env });

  /** `npm start`, without npm, which would not pass the signal that ends it. */
  async function start(port: number, more: NodeJS.ProcessEnv = {}): Promise<Child> {
    const { scripts } = JSON.parse(await project.read('package.json'));
    const [bundle, serve = ''] = scripts.start.split(' && ');
    await run('sh', ['-c', bundle], { cwd: project.folder, env });
    const [program = '', ...args] = serve.split(' ');
    const options = { cwd: project.folder, env: { ...env, PORT: String(port), ...more } };
    const server = new Child(join(programs, program), args, options);
    onTestFinished(() => server.stop());
    await server.output(/Open http/);
    return server;
  }

  async function open(port: number, button: 'watch' | 'live'): Promise<Page> {
    const page = await tabs.open(`http://localhost:${port}/`);
    await page.click(`#${button}`);
    return page;
  }

  /** A page whose console has errors while the server is gone. */
  async function openThroughRestart(port: number, button: 'watch' | 'live'): Promise<Page> {
    const { page, [Symbol.asyncDispose]: close } = await tabs.browser.open(`http://localhost:${port}/`);
    onTestFinished(() => close());
    await page.click(`#${button}`);
    return page;
  }

  const showsVideo = (page: Page) =>
    until('the page plays a video', () =>
      page.evaluate(() => {
        const video = document.querySelector('video');
        return video && video.videoWidth > 0 && video.currentTime > 0;
      }),
    );

  test('the development SFU: who watches sees who is live, also after a restart of the server', async () => {
    await check();
    const port = await freePort();
    const server = await start(port);
    const live = await openThroughRestart(port, 'live');
    const watching = await openThroughRestart(port, 'watch');
    await showsVideo(live);
    await showsVideo(watching);

    await server.stop('SIGINT');
    await until('the video is gone', () => watching.evaluate(() => !document.querySelector('video')));
    await start(port);
    await showsVideo(watching);
  });

  describe('with tokens', () => {
    beforeAll(() => saveFiles(step(5), project.folder));

    test('a page with a token enters, and a client without one does not', async () => {
      await check();
      const port = await freePort();
      await start(port, { LIVE_SECRET });
      await open(port, 'live');
      await showsVideo(await open(port, 'watch'));

      const stranger = await WireClient.dial(`ws://127.0.0.1:${port}/rtc`, ['sfu-relay.v1', 'bearer.none']);
      expect((await stranger.closed).code).toBe(4401);
    });

    test('without a secret the server does not start, and says what to set', async () => {
      await expect(start(await freePort())).rejects.toThrow(/Set LIVE_SECRET/);
    });

    describeReal(['ion'], 'and with a real Ion', () => {
      test('the same page', async () => {
        const ion = await ProductionIon.start();
        onTestFinished(() => ion.stop());
        const port = await freePort();
        await start(port, { LIVE_SECRET, SFU_URL: ion.address });
        await open(port, 'live');
        await showsVideo(await open(port, 'watch'));
        expect(ion.peers).toHaveLength(2);
      });
    });
  });
});
