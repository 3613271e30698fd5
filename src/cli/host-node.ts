// The real host: process, terminal, signals, files. The only place outside bytes/node and main.ts that touches node:
// and process.

import { dirname, isAbsolute, join } from 'node:path';
import { nodeCompressors } from '../bytes/node/compressors.js';
import { nodeDecompressors } from '../bytes/node/decompressors.js';
import { openFileSink } from '../bytes/node/file-sink.js';
import { openFile } from '../bytes/node/file-source.js';
import { stdinSource, stdoutSink, writableSink } from '../bytes/node/stdio.js';
import { temporaries } from '../bytes/node/temporaries.js';
import { STDIO } from './args.js';
import { exitCode } from './exit-code.js';
import type { ContainerPorts, Host, Output } from './host.js';

/** `version`: of the package. */
export function nodeHost(version: string): Host {
  return {
    version,
    args: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdout: output(process.stdout, 'stdout'),
    stderr: output(process.stderr, 'stderr'),
    signal: interruptions(),
    openInput: async (path) => (path === STDIO ? stdinSource() : openFile(path)),
    containers: nodeContainers,
    openOutput: async (path, force, mode) => (path === STDIO ? stdoutSink() : openFileSink(path, { force, mode })),
    now: () => performance.now(),
  };
}

const nodeContainers: ContainerPorts = {
  decompressors: nodeDecompressors,
  compressors: nodeCompressors,
  spool: async (source, folder) => (await import('../bytes/node/spool.js')).spool(source, folder),
  beside: (path, from) => (isAbsolute(path) ? path : join(dirname(from), path)),
  inUse: async (path) => (await import('../bytes/node/in-use.js')).inUse(path),
};

/** Ends the process; nothing of ours that was half written stays behind. Call it when run() has settled. */
export function leave(code: number): never {
  temporaries.removeAll();
  process.exit(code);
}

/** Aborts at the first signal, ends the process at the second: somebody means it. */
function interruptions(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) leave(exitCode.interrupted);
      controller.abort(name);
    });
  }
  return controller.signal;
}

function output(stream: NodeJS.WriteStream, label: string): Output {
  const sink = writableSink(stream, label);
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
    write: (data) => sink.write(typeof data === 'string' ? Buffer.from(data) : data),
  };
}
