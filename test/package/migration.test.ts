import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import express from 'express';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { createRouter } from '../../src/adapters/express.js';
import { type Principal, SfuRelay } from '../../src/index.js';
import { type DevSfu, startDevSfu } from '../../src/testing/index.js';
import { ConsumerProject } from '../support/consumer.js';
import { saveFiles, stepsOf } from '../support/guide.js';
import { closeServer, listen } from '../support/listen.js';
import { useTabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

type Enter = (options: object) => Promise<{ leave(): Promise<void> }>;
declare global {
  interface Window {
    rest: { enter: Enter };
    /** What the page has seen. */
    seen: { methods: string[]; closed: string[]; session: { leave(): Promise<void> } };
  }
}

const esbuild = fileURLToPath(new URL('../../node_modules/.bin/esbuild', import.meta.url));

describeReal(['chromium'], 'the client of docs/MIGRATION.md, by REST and server-sent events', () => {
  const tabs = useTabs();
  let sfu: DevSfu;
  let relay: SfuRelay;
  let server: Server;
  let project: ConsumerProject;
  let url: string;

  beforeAll(async () => {
    project = await ConsumerProject.create('module');
    for (const steps of (await stepsOf('docs/MIGRATION.md')).values()) await saveFiles(steps, project.folder);
    const [source, bundle] = ['rest-client.ts', 'rest-client.js'].map((file) => join(project.folder, file));
    await promisify(execFile)(esbuild, [
      source ?? '',
      ...['--bundle', '--format=iife', '--global-name=rest', `--outfile=${bundle}`],
    ]);
    await project.write(
      'index.html',
      '<link rel="icon" href="data:,"><script src="rest-client.js"></script><video autoplay muted></video>',
    );

    sfu = await startDevSfu();
    relay = new SfuRelay<Principal>({
      sfu: { serverUrl: sfu.address },
      authenticate: ({ token }) =>
        token !== undefined && { userId: token, grants: { canPublish: token === 'ada' } },
    });
    server = createServer(
      express().use('/api/v1/sfu', createRouter(relay)).use(express.static(project.folder)),
    );
    url = `http://127.0.0.1:${await listen(server)}/`;
  });
  afterAll(async () => {
    await relay?.close();
    if (server) await closeServer(server);
    await sfu?.stop();
    await project?.remove();
  });

  async function enter(token: string, isLive: boolean): Promise<Page> {
    const page = await tabs.open(url);
    await page.evaluate(
      async ({ token, isLive }) => {
        const camera = isLive
          ? await navigator.mediaDevices.getUserMedia({ audio: true, video: true })
          : undefined;
        const seen = { methods: [] as string[], closed: [] as string[] };
        const session = await window.rest.enter({
          api: '/api/v1/sfu',
          ...{ token, roomId: 'lobby', camera },
          onStream: (stream: MediaStream) => {
            const video = document.querySelector('video');
            if (video) video.srcObject = stream;
          },
          onNotification: (method: string) => seen.methods.push(method),
          onClose: (reason: string) => seen.closed.push(reason),
        });
        window.seen = { ...seen, session };
      },
      { token, isLive },
    );
    return page;
  }

  test('one publishes, the other watches, and is told when the first leaves', async () => {
    const ada = await enter('ada', true);
    const ben = await enter('ben', false);
    await until('Ben sees a video', () =>
      ben.evaluate(() => {
        const video = document.querySelector('video');
        return video && video.videoWidth > 0 && video.currentTime > 0;
      }),
    );

    await ada.evaluate(() => window.seen.session.leave());
    await until('Ben is told', () => ben.evaluate(() => window.seen.methods.includes('participants')));
    await until('the page knows', () => ada.evaluate(() => window.seen.closed.includes('You have left.')));
    await until('the room is one', () => relay.rooms.get('lobby')?.size === 1);
  });

  test('a page that is closed leaves the room', async () => {
    const page = await enter('eve', false);
    await until('Eve is there', () => [...relay.sessions.values()].some(({ userId }) => userId === 'eve'));
    await page.goto('about:blank');
    await until('Eve has gone', () => ![...relay.sessions.values()].some(({ userId }) => userId === 'eve'));
  });
});
