// `mstream diff A B`: what differs between two saved states.

import { resolve } from 'node:path';
import type { MemoryOrigin } from '../../bytes/memory.js';
import type { Layer } from '../../container/container.js';
import { countDifferences, type Diff } from '../../ops/diff/result.js';
import type { DiffInput } from '../../ops/diff/diff.js';
import { errorText } from '../../report/error.js';
import { STDIO } from '../args.js';
import { defineCommand, type Context } from '../command.js';
import { layoutsFrom, schemaFromOption } from '../devices.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { LineWriter } from '../line-writer.js';
import { openState } from '../open-state.js';
import { choice, flag, positional, texts, type ValuesOf } from '../option.js';
import { openOptions, readingOptions } from '../options.js';
import { UsageError } from '../usage-error.js';
import { memoryOption, targetOf, type Target } from '../verify/targets.js';

const options = {
  a: positional('A saved state, or a template folder'),
  b: positional('Another'),
  memory: texts('BLOCK=FILE: the memory of a block that a stream leaves out; again for more'),
  schema: flag('Compare only the descriptions of fields, without values'),
  bytes: flag('Count the bytes of memory that differ'),
  noise: choice(
    ['show', 'fold', 'ignore'],
    'Clocks, timers, counters: listed, counted, or taken as equal (default: fold)',
  ),
  all: flag('Every difference, not the first of each kind'),
  json: flag('One document (docs/schema/diff.json)'),
  quiet: flag('Only the exit code: 0 same, 1 different', 'q'),
  ...schemaFromOption,
  ...readingOptions,
};
type DiffOptions = ValuesOf<typeof options>;

export const diffCommand = defineCommand({
  options,
  examples: [
    { args: 'diff monday.save tuesday.save', text: 'What changed: devices field by field, memory page by page' },
    { args: 'diff --quiet vm.save copy.save.zst && rm copy.save.zst', text: 'Is it the same VM, in another container' },
    { args: 'diff --schema old-qemu.state new-qemu.state', text: 'What two QEMU builds write, without values' },
    { args: 'diff --noise=show --all a b', text: 'Everything, clocks and timers too' },
    { args: "diff 'disk.qcow2#before' 'disk.qcow2#after'", text: 'Two snapshots' },
    {
      args: 'diff --memory mem0=template/mem0.img template/state vm.save',
      text: 'With the memory that a state leaves out',
    },
  ],
  async run(options, context) {
    if (options.json === true && options.quiet === true)
      throw new UsageError('--json and --quiet are different reports');
    const { host } = context;
    const memory = memoryOption(options.memory ?? [], host.cwd);
    const targets = [await targetOf(options.a, memory, host.cwd), await targetOf(options.b, memory, host.cwd)] as const;
    if (targets.every(({ state }) => state === STDIO)) throw new UsageError('both states cannot be stdin');
    const layouts = await layoutsFrom(options, options.a, context);
    const [a, b] = [await open(targets[0], options, context), await open(targets[1], options, context)];
    const [{ diff }, { inflate }] = await Promise.all([
      import('../../ops/diff/diff.js'),
      import('../../bytes/node/inflate.js'),
    ]);
    const { schema, bytes } = options;
    const found = await diff(a.input, b.input, { inflate, layouts, schema, bytes });
    a.done();
    b.done();
    if (options.quiet !== true) await write(found, [a.layers, b.layers], options, context);
    for (const { error } of [found.a, found.b])
      if (error !== undefined) await host.stderr.write(errorText(await context.explain(error), context.err));
    return codeOf(found, options);
  },
});

interface Opened {
  readonly input: DiffInput;
  readonly layers: readonly Layer[];
  done(): void;
}

async function open(target: Target, options: DiffOptions, context: Context): Promise<Opened> {
  const reading = { ...openOptions(options), bodies: 'devices' as const, reported: true };
  const { stream, layers, progress } = await openState(context, target.state, reading);
  const files = new Map<string, MemoryOrigin>();
  if (target.memory.length > 0) {
    const { openMemory } = await import('../../bytes/node/memory-file.js');
    for (const { block, path } of target.memory) {
      const file = await openMemory(resolve(context.host.cwd, path));
      context.defer(() => file.close());
      files.set(block, file);
    }
  }
  return { input: { label: target.label, stream, files }, layers, done: () => progress.stop() };
}

async function write(
  found: Diff,
  layers: readonly [readonly Layer[], readonly Layer[]],
  options: DiffOptions,
  context: Context,
): Promise<void> {
  const { host, out } = context;
  const [a, b] = [layers[0].map(({ facts }) => facts), layers[1].map(({ facts }) => facts)];
  if (options.json === true) {
    const [{ diffDocument }, { toJson }] = await Promise.all([
      import('../../report/diff/json.js'),
      import('../../report/printable.js'),
    ]);
    await host.stdout.write(`${toJson(diffDocument(found, { a, b }, host.version), 2)}\n`);
    return;
  }
  const [{ diffLines }, { nestingLines }, { printableLine }] = await Promise.all([
    import('../../report/diff/text.js'),
    import('../../report/containers.js'),
    import('../../report/printable.js'),
  ]);
  const lines = new LineWriter(host.stdout);
  for (const [name, label, containers] of [
    ['A', found.a.label, a],
    ['B', found.b.label, b],
  ] as const) {
    await lines.line(`${out.strong(name)}  ${printableLine(label)}`);
    for (const line of nestingLines(containers, out)) await lines.line(`   ${line}`);
  }
  for (const line of diffLines(found, { all: options.all === true, noise: options.noise ?? 'fold' }, out))
    await lines.line(line);
  await lines.flush();
}

function codeOf(found: Diff, options: DiffOptions): ExitCode {
  if (found.a.error !== undefined || found.b.error !== undefined) return exitCode.input;
  const { real, noise } = countDifferences(found);
  return real > 0 || (noise > 0 && options.noise !== 'ignore') ? exitCode.findings : exitCode.clean;
}
