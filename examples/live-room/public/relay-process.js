// @ts-check
/** Which relay process serves this page, and the button that kills it. Only if there are several (examples/cluster). */
import { byId, setText, toast } from './dom.js';
import { hasProcesses } from './setup/setup.js';

const REFRESH_MS = 2000;

export class RelayProcess {
  #root = byId('process');
  #kill = byId('process-kill');
  /** @type {() => string | undefined} */
  #sessionId = () => undefined;
  /** @type {string | undefined} */
  #name;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  constructor() {
    this.#kill.onclick = () => this.#killProcess();
  }

  /** @param {() => string | undefined} sessionId of the session at the moment */
  enter(sessionId) {
    if (!hasProcesses) return;
    this.#sessionId = sessionId;
    this.#timer = setInterval(() => this.refresh(), REFRESH_MS);
    this.refresh();
  }

  leave() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#root.hidden = true;
  }

  /** Another process may serve the session now. */
  async refresh() {
    if (this.#timer === undefined) return;
    const session = this.#sessionId();
    try {
      const response = await fetch(`/processes?${new URLSearchParams({ session: session ?? '' })}`);
      /** @type {{ processes: { name: string, pid?: number, isUp: boolean, isServing: boolean }[] }} */
      const { processes } = await response.json();
      if (this.#timer === undefined) return;
      const serving = processes.find(({ isServing }) => isServing);
      this.#name = serving?.name;
      this.#root.hidden = false;
      this.#kill.disabled = !serving;
      const up = processes.filter(({ isUp }) => isUp).length;
      setText(
        byId('process-name'),
        serving
          ? `${serving.name}, process ${serving.pid} · ${up} of ${processes.length} up`
          : 'No relay process',
      );
    } catch {
      // The server cannot be reached: the page tells that already.
    }
  }

  async #killProcess() {
    this.#kill.disabled = true;
    const response = await fetch(`/processes/${this.#name}`, { method: 'DELETE' }).catch(() => undefined);
    if (!response?.ok) toast('The relay process could not be killed. Try again.');
    await this.refresh();
  }
}
