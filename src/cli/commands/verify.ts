// `mstream verify`: states, template folders and memory files in, findings and an exit code out.

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MigrationStreamError } from '../../base/errors.js';
import type { Layer } from '../../container/container.js';
import { placesOf } from '../../container/open.js';
import { finding } from '../../ops/verify/codes.js';
import { verifyStream, type Verification } from '../../ops/verify/verify.js';
import { withMemory } from '../../ops/verify/memory.js';
import { STDIO } from '../args.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { openState } from '../open-state.js';
import { flag, optionalText, positionals, text, texts, type ValuesOf } from '../option.js';
import { containerChoices, openOptions, readingOptions } from '../options.js';
import { UsageError } from '../usage-error.js';
import { memoryFacts } from '../verify/memory-facts.js';
import { destinationsOf, predicted } from '../verify/against.js';
import { memoryOption, targetOf, type Target } from '../verify/targets.js';

const options = {
  states: positionals('Migration streams (- for stdin), or template folders'),
  memory: texts('BLOCK=FILE: the memory of a block that the stream leaves out; again for more'),
  against: optionalText(
    'PROFILE.json: the destination, as `mstream profile` kept it; or a QEMU, behind --; again for more',
  ),
  load: flag('Load the state as well, in the QEMU behind --, changed so that it can do no harm'),
  againstVersion: texts('A release, e.g. 4.0, where nobody can be asked; again for more'),
  machine: text('With --against-version: the machine type (that of the stream)'),
  capability: texts('NAME=on|off at the destination; again for more (what the stream calls for)'),
  json: flag('One document (docs/schema/verify.json)'),
  quiet: flag('One line for each state', 'q'),
  ...readingOptions,
};
type VerifyOptions = ValuesOf<typeof options>;

export const verifyCommand = defineCommand({
  options,
  examples: [
    { args: 'verify vm/state', text: 'Everything that is wrong with it, in one reading' },
    { args: 'verify --memory mem0=vm/mem0.img vm/state', text: 'And is its memory file the right one' },
    { args: 'verify vm/', text: 'A template: state, memory and manifest' },
    { args: 'verify --against-version 11.1 vm/state', text: 'What that release would say' },
    {
      args: 'verify --load vm/state -- qemu-system-x86_64 -M pc -m 2G',
      text: 'What this QEMU says, predicted and tried',
    },
    {
      args: 'verify --against host1.json --against host2.json saves/*',
      text: 'Which of the states loads on which of the hosts',
    },
    { args: 'verify --quiet saves/*', text: 'One line each, the worst exit code' },
    { args: 'verify --json vm/state | jq .results[].findings', text: 'For programs' },
  ],
  async run(options, context) {
    if (options.json === true && options.quiet === true)
      throw new UsageError('--json and --quiet are different reports');
    const { host } = context;
    const memory = memoryOption(options.memory ?? [], host.cwd);
    const targets = [];
    for (const state of options.states)
      targets.push({ ...(await targetOf(state, memory, host.cwd)), containers: containerChoices(options) });
    const destinations = await destinationsOf(options, targets, context);
    const results: Verification[] = [];
    for (const target of targets) {
      const alone = await verifyTarget(target, options, context);
      const found = destinations.length === 0 ? [alone] : [];
      for (const destination of destinations) found.push(await predicted(alone, target, destination, context));
      results.push(...found);
      if (options.json === true || destinations.length > 1) continue;
      for (const result of found) await host.stdout.write(await render(result, options, context));
    }
    if (options.json !== true && destinations.length > 1) {
      const { matrixText } = await import('../../report/verify/matrix.js');
      await host.stdout.write(
        await matrixText(
          results,
          destinations.map(({ label }) => label),
          context.out,
        ),
      );
    }
    if (options.json === true) {
      const [{ verifyDocument }, { toJson }] = await Promise.all([
        import('../../report/verify/json.js'),
        import('../../report/printable.js'),
      ]);
      await host.stdout.write(`${toJson(verifyDocument(results, host.version), 2)}\n`);
    }
    return worst(results.map(codeOf));
  },
});

async function verifyTarget(target: Target, options: VerifyOptions, context: Context): Promise<Verification> {
  const verification = await verifyState(target, options, context);
  if (target.memory.length === 0 && target.sha256 === undefined) return verification;
  const state = resolve(context.host.cwd, target.state);
  const time = target.state === STDIO ? undefined : (await stat(state).catch(() => undefined))?.mtimeMs;
  const facts = [];
  for (const file of target.memory) facts.push(await memoryFacts(file, time));
  const result = withMemory(verification, facts);
  if (target.sha256 === undefined || result.verdict === 'unjudged') return result;
  const { hashFile } = await import('../../clone/manifest.js');
  if ((await hashFile(state)) === target.sha256) return result;
  const changed = finding('state-changed', { text: `${target.state}: its content is not what the manifest says` });
  return { ...result, verdict: 'broken', findings: [...result.findings, changed] };
}

/** What cannot even be opened is a result as well: there may be others. */
async function verifyState(target: Target, options: VerifyOptions, context: Context): Promise<Verification> {
  try {
    const { stream, progress, layers } = await openState(context, target.state, {
      ...openOptions(options),
      bodies: 'devices',
      reported: true,
    });
    try {
      const result = await verifyStream(stream);
      const { error } = result.inspection;
      if (error?.code !== 'not-a-stream' && !(error?.code === 'truncated' && result.inspection.totals.bytes === 0))
        return inContainers({ ...result, label: target.label }, layers);
      // What is it instead?
      return inContainers(unreadable(target, await context.explain(error), result), layers);
    } finally {
      progress.stop();
      await stream.close();
    }
  } catch (error) {
    if (!(error instanceof MigrationStreamError)) throw error;
    return unreadable(target, await context.explain(error), undefined);
  }
}

/** With what the stream lies in, and the place of each finding there. */
function inContainers(result: Verification, layers: readonly Layer[]): Verification {
  if (layers.length === 0) return result;
  const findings = result.findings.map((found) => {
    if (found.offset === undefined || found.outer !== undefined) return found;
    const outer = placesOf(found.offset, layers).filter(({ offset }) => offset !== undefined);
    return outer.length === 0 ? found : { ...found, outer };
  });
  return { ...result, findings, containers: layers.map(({ facts }) => facts) };
}

function unreadable(target: Target, error: MigrationStreamError, result: Verification | undefined): Verification {
  const details = {
    text: error.message,
    offset: error.offset,
    path: error.path,
    ...(error.hint === undefined ? {} : { cure: error.hint }),
  };
  const found = { ...finding(error.code, details), severity: 'error' as const, outer: error.outer };
  return {
    label: target.label,
    verdict: 'unjudged',
    findings: [found],
    loadable: { since: undefined, until: undefined, reasons: [] },
    inspection: result?.inspection,
  };
}

function codeOf(result: Verification): ExitCode {
  const trial = result.prediction?.trial?.verdict;
  if (trial !== undefined && trial !== 'loads') return trial === 'died' ? exitCode.qemu : exitCode.findings;
  const predicted = trial ?? result.prediction?.prediction.verdict;
  if (result.verdict !== 'unjudged' && predicted !== undefined && predicted !== 'loads')
    return predicted === 'unknown' && result.verdict === 'sound' ? exitCode.input : exitCode.findings;
  return { sound: exitCode.clean, broken: exitCode.findings, unjudged: exitCode.input }[result.verdict];
}

/** Unreadable before everything, then a QEMU that failed, then findings (docs/cli.md). */
function worst(codes: readonly ExitCode[]): ExitCode {
  return [exitCode.input, exitCode.qemu, exitCode.findings].find((code) => codes.includes(code)) ?? exitCode.clean;
}

async function render(result: Verification, options: VerifyOptions, context: Context): Promise<string> {
  const { verificationLine, verificationText } = await import('../../report/verify/text.js');
  return options.quiet === true ? verificationLine(result, context.out) : verificationText(result, context.out);
}
