// `mstream stat STATE...`: what the memory of saved states is made of.

import { errorText } from '../../report/error.js';
import { MAX_STATES } from '../../ops/stat/content-table.js';
import type { Stat } from '../../ops/stat/result.js';
import { showDash } from '../args.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode } from '../exit-code.js';
import { openState } from '../open-state.js';
import { flag, positionals, type ValuesOf } from '../option.js';
import { openOptions, readingOptions } from '../options.js';
import { UsageError } from '../usage-error.js';

const options = {
  states: positionals('Saved states'),
  json: flag('One document (docs/schema/stat.json)'),
  ...readingOptions,
};
type StatOptions = ValuesOf<typeof options>;

export const statCommand = defineCommand({
  options,
  examples: [
    { args: 'stat vm.save', text: 'Zero pages, duplicates, what compressing or compacting would save' },
    { args: 'stat clone-*.save', text: 'And what the states share: what a template would save' },
    { args: 'stat --json vm.save | jq .states[0].forms', text: 'For programs' },
  ],
  async run(options, context) {
    const { host } = context;
    if (options.states.length > MAX_STATES)
      throw new UsageError(`${options.states.length} states: at most ${MAX_STATES} are compared`);
    const [{ stat }, { inflate }, { deflatedSize }] = await Promise.all([
      import('../../ops/stat/stat.js'),
      import('../../bytes/node/inflate.js'),
      import('../../bytes/node/deflate.js'),
    ]);
    const opened = [];
    for (const state of options.states)
      opened.push(await openState(context, state, { ...openOptions(options), bodies: 'none' }));
    const inputs = opened.map(({ stream }, i) => ({ label: showDash(options.states[i]!), stream }));
    const found = await stat(inputs, { inflate, deflatedSize });
    for (const { progress } of opened) progress.stop();
    await host.stdout.write(await render(found, options, context));
    const errors = found.states.flatMap(({ error }) => (error === undefined ? [] : [error]));
    for (const error of errors) await host.stderr.write(errorText(await context.explain(error), context.err));
    return errors.length > 0 ? exitCode.input : exitCode.clean;
  },
});

async function render(found: Stat, options: StatOptions, context: Context): Promise<string> {
  if (options.json !== true) return (await import('../../report/stat/text.js')).statText(found, context.out);
  const [{ statDocument }, { toJson }] = await Promise.all([
    import('../../report/stat/json.js'),
    import('../../report/printable.js'),
  ]);
  return `${toJson(statDocument(found, context.host.version), 2)}\n`;
}
