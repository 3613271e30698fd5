// `mstream clone DIR`: clones of a template, timed; kept with --wait until Ctrl-C.

import { once } from 'node:events';
import { resolve } from 'node:path';
import { endClones, makeClones, type CloneResult } from '../../clone/clone.js';
import { readManifest } from '../../clone/manifest.js';
import { cloneLine, clonesDocument, cloneTimes } from '../../clone/render.js';
import { defineCommand } from '../command.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { accelerator, positive, resolveQemu, seconds, withFailures } from '../qemu-command.js';

interface CloneCommandOptions {
  readonly dir: string;
  readonly count?: string | undefined;
  readonly jobs?: string | undefined;
  readonly qemu?: string | undefined;
  readonly start?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly timeout?: string | undefined;
  readonly accel?: string | undefined;
  readonly json?: boolean | undefined;
}

export const cloneCommand = defineCommand<CloneCommandOptions>({
  examples: [
    { args: 'clone t --count 8 --start', text: 'Eight clones, running, timed, ended again' },
    { args: 'clone t --count 2 --start --wait', text: 'Keep them until Ctrl-C' },
    {
      args: 'clone t -- -netdev user,id=n0 -serial file:clone-{n}.log',
      text: 'More QEMU options; {n} is the clone’s number',
    },
  ],
  build: (yargs) =>
    yargs
      .positional('dir', {
        type: 'string',
        demandOption: true,
        describe: 'A template made by `mstream template create`',
      })
      .option('count', { alias: 'n', type: 'string', requiresArg: true, describe: 'How many (1)' })
      .option('jobs', {
        alias: 'j',
        type: 'string',
        requiresArg: true,
        describe: 'At most so many launched at a time (2)',
      })
      .option('qemu', {
        type: 'string',
        requiresArg: true,
        describe: 'Another QEMU than the template’s: a path, or lab:7.2',
      })
      .option('start', { type: 'boolean', describe: 'Let them run when loaded' })
      .option('wait', { type: 'boolean', describe: 'Keep them until Ctrl-C; else they are ended when all are there' })
      .option('timeout', { type: 'string', requiresArg: true, describe: 'Seconds for each phase of each clone (60)' })
      .option('accel', {
        choices: ['tcg', 'kvm'],
        requiresArg: true,
        describe: 'kvm falls back to tcg where there is none',
      })
      .option('json', { type: 'boolean', describe: 'One document' }),
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
