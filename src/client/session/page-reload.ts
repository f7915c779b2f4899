import type { JoinParams } from '../../protocol/messages.js';
import { fits, parse } from '../common/wire-forms.js';
import type { SessionProof } from '../connection/resumption.js';

interface PageReloadOptions {
  /** The URL without its query. */
  address: string;
  resumeAcrossReloads: boolean;
}

/** What becomes of a session when its page is reloaded, closed or left: the next page takes it over, or it ends. */
export function pageReload({ address, resumeAcrossReloads }: PageReloadOptions) {
  const key = `sfu-relay ${address}`;

  /** Undefined if the user has forbidden the storage. */
  const access = <Result>(act: (storage: Storage) => Result): Result | undefined => {
    try {
      return act(sessionStorage);
    } catch {
      return undefined;
    }
  };
  /** Only once: the browser copies the storage to a duplicate of the tab. */
  const take = () =>
    access((storage) => {
      const proof = parse(storage.getItem(key));
      storage.removeItem(key);
      return fits(proof, { sessionId: 'string', sessionToken: 'string' })
        ? (proof as SessionProof)
        : undefined;
    });
  /** @returns whether the next page finds it */
  const store = (proof: SessionProof) =>
    access((storage) => {
      // There may be another client on the page.
      if (storage.getItem(key)) return false;
      storage.setItem(key, JSON.stringify(proof));
      return true;
    });

  return {
    /** That of the page before, until a join has replaced its session. */
    proof: resumeAcrossReloads ? take() : undefined,

    /**
     * @param params its `replaces` is the proof of the current session
     * @param detach closes the socket, but not by 1001, as the browser does: the relay would end the session
     */
    watch(
      signal: AbortSignal,
      params: Pick<JoinParams, 'replaces'>,
      leave: () => void,
      detach: () => void,
    ): void {
      globalThis.addEventListener?.(
        'pagehide',
        ({ persisted }) => {
          // The browser may show the page again as it is.
          if (persisted) return;
          const { replaces } = params;
          if (resumeAcrossReloads && replaces && store(replaces)) detach();
          else leave();
        },
        { signal },
      );
    },
  };
}
