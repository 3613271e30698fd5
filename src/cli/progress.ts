// A progress bar on stderr, for people who wait: only on a terminal, only after half a second, gone when the work is
// done. cli-progress is loaded when it is needed.

import type { SingleBar } from 'cli-progress';
import type { ByteSource } from '../bytes/source.js';
import { humanBytes } from '../report/quantity.js';
import { STDIO } from './args.js';
import type { Context } from './command.js';
import type { Host } from './host.js';

const PATIENCE_MS = 500;
const BETWEEN_MS = 100;

export interface Progress {
  /** Bytes done. Cheap; call it as often as you like. */
  update(position: number): void;
  /** Takes the bar away. Once or more. */
  stop(): void;
}

const silent: Progress = { update() {}, stop() {} };

/** While `path` (`-` for stdin) is read; the bar goes when the command ends. `what` is a participle. */
export function progressOf(context: Context, what: string, path: string, source: ByteSource): Progress {
  const progress = startProgress(
    context.host,
    context.progress,
    `${what} ${path === STDIO ? 'stdin' : path}`,
    source.size,
  );
  context.defer(() => progress.stop());
  return progress;
}

/** `total` undefined: nobody knows. */
export function startProgress(host: Host, wanted: boolean, what: string, total: number | undefined): Progress {
  if (!wanted) return silent;
  let next = host.now() + PATIENCE_MS;
  let bar: SingleBar | undefined;
  let state: 'waiting' | 'loading' | 'shown' | 'stopped' = 'waiting';
  return {
    update(position) {
      const now = host.now();
      if (state === 'stopped' || state === 'loading' || now < next) return;
      next = now + BETWEEN_MS;
      if (state === 'waiting') {
        state = 'loading';
        void makeBar(host, what, total).then((made) => {
          if (state !== 'loading') return;
          bar = made;
          state = 'shown';
          bar.start(total ?? 0, position, { done: humanBytes(position) });
        });
        return;
      }
      bar?.update(position, { done: humanBytes(position) });
    },
    stop() {
      if (state === 'shown') bar?.stop();
      state = 'stopped';
    },
  };
}

async function makeBar(host: Host, what: string, total: number | undefined): Promise<SingleBar> {
  const { default: cliProgress } = await import('cli-progress');
  const format =
    total === undefined
      ? `${what} {done}`
      : `${what} {bar} {percentage} % of ${humanBytes(total)}, {eta_formatted} left`;
  return new cliProgress.SingleBar(
    // cli-progress only writes and asks for isTTY and columns.
    {
      format,
      stream: terminal(host),
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
      stopOnComplete: false,
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
}

function terminal(host: Host): NodeJS.WritableStream {
  const { stderr } = host;
  const stream = {
    isTTY: true,
    columns: stderr.columns ?? 80,
    write(text: string): boolean {
      stderr.write(text).catch(() => {});
      return true;
    },
  };
  return stream as unknown as NodeJS.WritableStream;
}
