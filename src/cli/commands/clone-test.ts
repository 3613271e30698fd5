// `mstream clone-test`: the clone recipe as a test of somebody's QEMU.

import { resolve } from 'node:path';
import { runScenario, type ScenarioResult } from '../../clone/scenario.js';
import { cloneTestDocument, cloneTestMarkdown, cloneTestText } from '../../clone/render.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { openLab } from '../../qemu/lab.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode } from '../exit-code.js';
import { flag, text, texts, type ValuesOf } from '../option.js';
import { positive, resolveQemu, withFailures } from '../qemu-command.js';
import { UsageError } from '../usage-error.js';

const options = {
  qemu: texts('A QEMU: a path, a name, or lab:7.2; again for more'),
  lab: flag('Every QEMU of the lab (`npm run lab`)'),
  machine: texts('Machine types (pc, q35)'),
  count: text('Clones (8)', 'n'),
  jobs: text('The largest number of QEMUs that start at the same time (2)', 'j'),
  report: text('Write the report to a file as well: .json or .md'),
  json: flag('One document'),
};
type CloneTestOptions = ValuesOf<typeof options>;

export const cloneTestCommand = defineCommand({
  options,
  examples: [
    { args: 'clone-test', text: 'The QEMU in PATH, machines pc and q35, 8 clones' },
    { args: 'clone-test --qemu /opt/qemu/bin/qemu-system-x86_64 --count 64', text: 'Another QEMU, more clones' },
    { args: 'clone-test --lab --report out.md', text: 'Every QEMU of the lab' },
  ],
  run: (options, context) =>
    withFailures(async () => {
      const { host } = context;
      const report = reportKind(options.report);
      const results: ScenarioResult[] = [];
      for (const binary of await binaries(options, context)) {
        for (const machine of options.machine ?? ['pc', 'q35']) {
          const progress = (line: string): void =>
            void (
              context.progress && host.stderr.write(`${context.err.dim(`${binary.label}, ${machine}: ${line}`)}\n`)
            );
          const count = positive('count', options.count, 8);
          const result = await runScenario({
            binary,
            machine,
            count,
            jobs: positive('jobs', options.jobs, 2),
            signal: host.signal,
            progress,
          });
          results.push(result);
          if (options.json !== true) await host.stdout.write(await cloneTestText([result], context.out));
        }
      }
      if (options.json === true) await host.stdout.write(`${JSON.stringify(cloneTestDocument(results), null, 2)}\n`);
      if (report !== undefined)
        await writeReport(
          context,
          options.report!,
          report === 'md' ? cloneTestMarkdown(results) : `${JSON.stringify(cloneTestDocument(results), null, 2)}\n`,
        );
      return results.every((result) => result.failure === undefined && result.checks.every((check) => check.ok))
        ? exitCode.clean
        : exitCode.findings;
    }),
});

async function binaries(options: CloneTestOptions, context: Context): Promise<QemuBinary[]> {
  const progress = (line: string): void => void context.host.stderr.write(`${line}\n`);
  if (options.lab === true) return (await openLab({ progress })).map(({ binary }) => binary);
  return Promise.all((options.qemu ?? ['qemu-system-x86_64']).map((name) => resolveQemu(name, progress)));
}

function reportKind(path: string | undefined): 'json' | 'md' | undefined {
  if (path === undefined) return undefined;
  if (path.endsWith('.json')) return 'json';
  if (path.endsWith('.md')) return 'md';
  throw new UsageError(`--report ${path}: neither .json nor .md`);
}

async function writeReport(context: Context, path: string, text: string): Promise<void> {
  const sink = await context.host.openOutput(resolve(context.host.cwd, path), true);
  await sink.write(Buffer.from(text));
  await sink.commit();
}
