// What rewrite and transplant say where their input lay in a container: the result is the stream alone.

import type { Layer } from '../container/container.js';
import type { Context } from './command.js';

/** One line on stderr; nothing for a bare stream. */
export async function sayBare({ host }: Context, layers: readonly Layer[]): Promise<void> {
  const [outermost] = layers;
  if (outermost === undefined) return;
  await host.stderr.write(
    `note: the input is ${outermost.facts.title}; the output is the bare stream that lies in it\n`,
  );
}
