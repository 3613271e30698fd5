// `mstream clone DIR`: clones of a template, timed; kept with --wait until Ctrl-C.

import { once } from 'node:events';
import { resolve } from 'node:path';
import { endClones, makeClones, type CloneResult } from '../../clone/clone.js';
import { readManifest } from '../../clone/manifest.js';
import { cloneLine, clonesDocument, cloneTimes } from '../../clone/render.js';
import { defineCommand } from '../command.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { flag, positional, text } from '../option.js';
import { ACCELERATOR, accelerator, positive, resolveQemu, seconds, withFailures } from '../qemu-command.js';

const options = {
  dir: positional('A template made by `mstream template create`'),
  count: text('How many (1)', 'n'),
  jobs: text('The largest number of QEMUs that start at the same time (2)', 'j'),
  qemu: text('A QEMU instead of the template’s: a path, or lab:7.2'),
  start: flag('Start each guest when it is loaded'),
  wait: flag('Keep the clones until Ctrl-C; without it mstream ends them when all are loaded'),
  timeout: text('Seconds for each phase of each clone (60)'),
  accel: ACCELERATOR,
  json: flag('One document'),
};

export const cloneCommand = defineCommand({
  options,
  examples: [
    { args: 'clone t --count 8 --start', text: 'Eight clones, running, timed, ended again' },
    { args: 'clone t --count 2 --start --wait', text: 'Keep them until Ctrl-C' },
    {
      args: 'clone t -- -netdev user,id=n0 -serial file:clone-{n}.log',
      text: 'More QEMU options; {n} is the clone’s number',
    },
  ],
  run: (options, context) =>
    withFailures(async () => {
      const { host, out } = context;
      const folder = resolve(host.cwd, options.dir);
      const manifest = await readManifest(folder);
      const binary = await resolveQemu(
        options.qemu ?? manifest.qemu.executable,
        (line) => void host.stderr.write(`${line}\n`),
      );
      const results = await makeClones({
        binary,
        manifest,
        folder,
        count: positive('count', options.count, 1),
        jobs: positive('jobs', options.jobs, 2),
        start: options.start ?? false,
        extra: context.rest,
        accelerator: accelerator(options.accel),
        timeoutMs: seconds('timeout', options.timeout, 60_000),
        signal: host.signal,
        onResult: (result) => {
          if (options.json !== true) void host.stdout.write(cloneLine(result, out));
        },
      });
      context.defer(() => endClones(results));
      await host.stdout.write(
        options.json === true ? `${JSON.stringify(clonesDocument(results), null, 2)}\n` : cloneTimes(results, out),
      );
      if (options.wait === true && results.some((result) => result.ok) && !host.signal.aborted) {
        if (options.json !== true) await host.stderr.write('Ctrl-C ends them.\n');
        await once(host.signal, 'abort');
      }
      return codeOf(results);
    }),
});

/** A QEMU that refuses the state is a finding; one that fails otherwise is QEMU's failure. */
function codeOf(results: readonly CloneResult[]): ExitCode {
  const failed = results.filter((result) => !result.ok);
  if (failed.length === 0) return exitCode.clean;
  return failed.every((result) => /load of migration failed/.test(result.error.message))
    ? exitCode.findings
    : exitCode.qemu;
}
