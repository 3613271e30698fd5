// `mstream template create|show|check DIR`.

import { resolve } from 'node:path';
import { createTemplate } from '../../clone/template.js';
import { checkTemplate } from '../../clone/check.js';
import { readManifest } from '../../clone/manifest.js';
import type { Readiness } from '../../qemu/readiness.js';
import { cureText } from '../../report/hints.js';
import { manifestText, findingsText } from '../../clone/render.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { choice, flag, positional, text, texts, type Option, type ValuesOf } from '../option.js';
import { ACCELERATOR, accelerator, qemuCommandLine, seconds, withFailures } from '../qemu-command.js';
import { UsageError } from '../usage-error.js';

const options = {
  action: {
    ...choice(['create', 'show', 'check'], 'What to do'),
    demandOption: true,
    positional: true,
  } as Option<'create' | 'show' | 'check'>,
  dir: positional('The template: memory, state, manifest.json'),
  readyEvent: text('The guest is ready at this QMP event'),
  readyFile: text('A serial console or debugcon file of the guest'),
  readyText: text('The guest is ready when that file has this text'),
  readyDelay: text('The guest is ready after so many seconds'),
  capability: texts('Another migration capability to switch on'),
  timeout: text('Seconds for readiness, and for the migration (120)'),
  accel: ACCELERATOR,
  force: flag('Replace an existing template'),
  json: flag('The manifest, or the findings, as JSON'),
};
type TemplateCommandOptions = ValuesOf<typeof options>;

export const templateCommand = defineCommand({
  options,
  examples: [
    {
      args: 'template create /dev/shm/t --ready-delay 10 -- qemu-system-x86_64 -M pc -m 2G -kernel vmlinuz -append console=ttyS0',
      text: 'Ten seconds after its start',
    },
    {
      args: 'template create t --ready-file boot.log --ready-text login: -- qemu-system-x86_64 -m 512 -serial file:boot.log disk.qcow2',
      text: 'When the console says so',
    },
    { args: 'template show t', text: 'What it is' },
    { args: 'template check t', text: 'Is it still what its manifest says?' },
  ],
  run: (options, context) => withFailures(() => actions[options.action](options, context)),
});

const actions = { create, show, check };

async function create(options: TemplateCommandOptions, context: Context): Promise<ExitCode> {
  const readiness = readinessOf(options);
  const progress = (line: string): void => void context.host.stderr.write(`${context.err.dim(line)}\n`);
  const { binary, argv } = await qemuCommandLine(context.rest, progress);
  const manifest = await createTemplate({
    binary,
    argv,
    folder: resolve(context.host.cwd, options.dir),
    readiness,
    capabilities: options.capability ?? [],
    force: options.force ?? false,
    accelerator: accelerator(options.accel),
    timeoutMs: seconds('timeout', options.timeout, 120_000),
    signal: context.host.signal,
    progress,
  });
  await context.host.stdout.write(
    options.json === true ? `${JSON.stringify(manifest, null, 2)}\n` : await manifestText(manifest, context.out),
  );
  return exitCode.clean;
}

function readinessOf(options: TemplateCommandOptions): Readiness {
  const asked = [options.readyEvent, options.readyText, options.readyDelay].filter((option) => option !== undefined);
  if (asked.length !== 1)
    throw new UsageError(
      'when is the guest ready?',
      'one of --ready-event, --ready-file with --ready-text, --ready-delay',
    );
  if (options.readyEvent !== undefined) return { kind: 'event', event: options.readyEvent };
  if (options.readyDelay !== undefined) return { kind: 'delay', ms: seconds('ready-delay', options.readyDelay, 0) };
  if (options.readyFile === undefined)
    throw new UsageError('--ready-text needs --ready-file', 'the file behind -serial file:… or a debugcon');
  return { kind: 'text', file: options.readyFile, text: options.readyText! };
}

async function show(options: TemplateCommandOptions, context: Context): Promise<ExitCode> {
  const manifest = await readManifest(resolve(context.host.cwd, options.dir));
  await context.host.stdout.write(
    options.json === true ? `${JSON.stringify(manifest, null, 2)}\n` : await manifestText(manifest, context.out),
  );
  return exitCode.clean;
}

async function check(options: TemplateCommandOptions, context: Context): Promise<ExitCode> {
  const { findings } = await checkTemplate(resolve(context.host.cwd, options.dir));
  const document = {
    schemaVersion: 1,
    kind: 'mstream-template-check',
    template: options.dir,
    findings: findings.map((finding) => ({ ...finding, cure: cureText(finding.cure) })),
  };
  await context.host.stdout.write(
    options.json === true ? `${JSON.stringify(document, null, 2)}\n` : findingsText(options.dir, findings, context.out),
  );
  return findings.some((finding) => finding.severity === 'error') ? exitCode.findings : exitCode.clean;
}
