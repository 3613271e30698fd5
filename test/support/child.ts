// Runs a script of test/support/children in a Node process of its own, bundled as the product is, so that its memory
// is the product's and not vitest's.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

export interface Child<T> {
  run(...args: string[]): Promise<T & { readonly rss: number }>;
  close(): Promise<void>;
}

/** The script prints one line of JSON; `rss` is the most memory it ever held, in bytes. */
export async function childScript<T>(name: string): Promise<Child<T>> {
  const dir = await mkdtemp(join(tmpdir(), 'mstream-child-'));
  const file = join(dir, `${name}.mjs`);
  await build({
    input: fileURLToPath(new URL(`children/${name}.ts`, import.meta.url)),
    platform: 'node',
    logLevel: 'warn',
    output: { file, format: 'esm' },
  });
  return {
    run: (...args) =>
      new Promise((resolve, reject) => {
        execFile(
          process.execPath,
          [file, ...args],
          { timeout: 110_000, maxBuffer: 1 << 24 },
          (error, stdout, stderr) => {
            if (error !== null) reject(new Error(`${name} ${args.join(' ')}: ${error.message}\n${stderr}`));
            else resolve(JSON.parse(stdout) as T & { rss: number });
          },
        );
      }),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
