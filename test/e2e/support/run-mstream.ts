// The compiled `mstream` as a user runs it, to its end. Imports nothing of ours.

import { execFile } from 'node:child_process';

const bin = new URL('../../../bin/mstream.js', import.meta.url).pathname;

export function runMstream(
  cwd: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { cwd, maxBuffer: 1 << 25 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
