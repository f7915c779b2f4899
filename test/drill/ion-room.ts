import type { TestBrowser } from '../support/browser.js';
import { BrowserParticipant, type Entry } from '../support/participant.js';
import { Watcher } from './watcher.js';

declare global {
  interface Window {
    /** ms that each return of an ion-sdk-js publisher took: from the end of its connection until it publishes again. */
    returnsMs: number[];
  }
}

export interface IonRoom {
  viewer: Watcher;
  /** How long the publisher's returns took since the last call, in ms. */
  returnsMs(): Promise<number[]>;
}

/**
 * A room whose publisher has ion-sdk-js, which can neither resume nor move: the page joins again, and publishes again, when its
 * connection has ended.
 */
export async function openIonRoom(browser: TestBrowser, pagesUrl: string, url: string): Promise<IonRoom> {
  const room = 'ion-sdk-js';
  const entryOf = (user: string): Entry => ({ url: `${url}?user=${user}`, room, user });
  const entry = entryOf('old-publisher');
  const publisher = await BrowserParticipant.open(browser, pagesUrl, 'ion-sdk-js', entry);
  await publisher.join();
  const stream = await publisher.publishCamera();
  await publisher.tab.page.evaluate(returnAlways, entry);
  const viewer = await BrowserParticipant.open(browser, pagesUrl, 'sfu-relay/client', {
    ...entryOf('old-viewer'),
    role: 'subscriber',
  });
  await viewer.join();
  await viewer.sees(stream);
  return {
    viewer: await Watcher.of('a viewer of ion-sdk-js', viewer),
    returnsMs: () => publisher.tab.page.evaluate(() => window.returnsMs.splice(0)),
  };
}

/** In the page. */
function returnAlways(entry: Entry): void {
  window.returnsMs = [];
  const comeBack = async () => {
    for (const from = Date.now(); ; ) {
      try {
        await window.participant.join(entry);
        await window.participant.publishCamera();
        window.returnsMs.push(Date.now() - from);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  };
  window.addEventListener('gone', () => void comeBack());
}
