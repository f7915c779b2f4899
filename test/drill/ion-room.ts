import type { TestBrowser } from '../support/browser.js';
import { BrowserParticipant, type Entry } from '../support/participant.js';
import { Watcher } from './watcher.js';

/**
 * A room whose publisher has ion-sdk-js, which can neither resume nor move: the page joins again, and publishes again, when its
 * connection has ended.
 */
export async function openIonRoom(browser: TestBrowser, pagesUrl: string, url: string): Promise<Watcher> {
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
  return Watcher.of('a viewer of ion-sdk-js', viewer);
}

/** In the page. */
function returnAlways(entry: Entry): void {
  const comeBack = async () => {
    for (;;) {
      try {
        await window.participant.join(entry);
        await window.participant.publishCamera();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  };
  window.addEventListener('gone', () => void comeBack());
}
