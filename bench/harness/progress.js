const WIDTH = 24;

/** A bar on a terminal; a line a step elsewhere. */
export class Progress {
  #done = 0;
  #total;
  #start = Date.now();

  constructor(total) {
    this.#total = total;
  }

  step(what) {
    const filled = Math.round((this.#done / this.#total) * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const seconds = Math.round((Date.now() - this.#start) / 1000);
    const text = `${bar} ${this.#done}/${this.#total} ${seconds} s  ${what}`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
    this.#done += 1;
  }

  end() {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
