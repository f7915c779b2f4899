import type { Reporter, TestModule, TestSpecification } from 'vitest/node';
import { chromiumPath, firefoxPath, goPath } from './real.js';

/** Minutes on two cores: with everything that the suites use, with the SFU only, and with Node only. */
const MINUTES = { everything: 30, sfu: 20, node: 8 };

/** Says beside another reporter how long it takes, how far it is, and what was left out. */
export default class ProgressReporter implements Reporter {
  #all = 0;
  #done = 0;
  #told = 0;
  #since = 0;

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#all = specifications.length;
    this.#since = performance.now();
    if (this.#all > 1) this.#tell(`${this.#all} files${this.#isEverything ? `, ${expectation()}` : ''}`);
  }

  onTestModuleEnd(): void {
    this.#done += 1;
    const percent = Math.floor((100 * this.#done) / this.#all);
    if (percent < this.#told + 5 || this.#all < 20) return;
    this.#told = percent;
    const minutes = ((performance.now() - this.#since) / 60_000).toFixed(1);
    this.#tell(`${this.#done} of ${this.#all} files after ${minutes} min`);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allSuites()]).filter(isLeftOut);
    for (const { name } of skipped) this.#tell(`skipped: ${name}`);
  }

  get #isEverything(): boolean {
    return this.#all > 200;
  }

  #tell(line: string): void {
    process.stdout.write(`▸ ${line}\n`);
  }
}

function expectation(): string {
  const minutes = !goPath()
    ? MINUTES.node
    : chromiumPath() && firefoxPath()
      ? MINUTES.everything
      : MINUTES.sfu;
  return `about ${minutes} minutes on two cores`;
}

/** By `describeReal`: the name says what to install. */
function isLeftOut({ name, options }: { name: string; options: { mode?: string } }): boolean {
  return options.mode === 'skip' && name.includes('(needs ');
}
