/** A bar on a terminal; elsewhere, a line every few seconds. */

const WIDTH = 30;
const QUIET = 5_000;

export interface Progress {
  /** @param share done, 0 to 1 */
  show(share: number, words: string): void;
  end(): void;
}

export function progress(out: NodeJS.WriteStream = process.stderr): Progress {
  let shown = 0;
  let drawn = false;
  return {
    show(share, words) {
      const now = Date.now();
      if (now - shown < (out.isTTY ? 100 : QUIET)) return;
      if (shown === 0 && !out.isTTY) {
        shown = now;
        return;
      }
      shown = now;
      const percent = `${Math.floor(Math.min(1, share) * 100)} %`.padStart(5);
      if (!out.isTTY) return void out.write(`${percent}  ${words}\n`);
      const full = Math.round(Math.min(1, share) * WIDTH);
      out.write(`\r\x1b[K[${'█'.repeat(full)}${' '.repeat(WIDTH - full)}]${percent}  ${words}`);
      drawn = true;
    },
    end() {
      if (drawn) out.write('\r\x1b[K');
    },
  };
}
