// `mstream decode IN -o X.json`: a stream as a document that can be edited.

import { basename, dirname, resolve } from 'node:path';
import { decodeItems } from '../../ops/json/decode.js';
import type { DocumentItem } from '../../ops/json/document.js';
import { toJson } from '../../report/printable.js';
import { showDash, STDIO } from '../args.js';
import { defineCommand } from '../command.js';
import { layoutsFrom, schemaFiles, schemaFromOption } from '../devices.js';
import { exitCode } from '../exit-code.js';
import { nowhere } from '../staged.js';
import { LineWriter } from '../line-writer.js';
import { openState } from '../open-state.js';
import { flag, positional, text } from '../option.js';
import { openOptions, readingOptions, single, STATE } from '../options.js';
import { refuseSameFiles } from '../same-files.js';

const options = {
  state: positional(STATE),
  output: text('The document: a file, or - for stdout (-)', 'o'),
  ram: text('Where page records and mapped-ram areas go'),
  hex: flag('Payloads of devices as hex, without their fields'),
  force: flag('Replace files'),
  ...schemaFromOption,
  ...readingOptions,
};

export const decodeCommand = defineCommand({
  options,
  examples: [
    { args: 'decode state -o state.json --ram state.ram', text: 'Everything, page records in a file beside it' },
    {
      args: 'decode save -o save.json --ram save.ram --schema-from other',
      text: 'Fields of a save without vmdescription',
    },
    { args: 'encode state.json -o again', text: '… and back: the same bytes when nothing was edited' },
  ],
  async run(options, context) {
    const { host } = context;
    const input = showDash(options.state);
    const output = showDash(single('output', options.output) ?? STDIO);
    const ramPath = single('ram', options.ram);
    const force = options.force ?? false;
    await refuseSameFiles(host, [input, ...schemaFiles(options)], ramPath === undefined ? [output] : [output, ramPath]);
    const layouts = await layoutsFrom(options, options.state, context);
    const { stream, progress } = await openState(context, options.state, openOptions(options));
    const document = output === STDIO ? nowhere : await host.openOutput(output, force);
    context.defer(() => document.abort());
    const ram = ramPath === undefined ? undefined : await host.openOutput(ramPath, force);
    context.defer(() => ram?.abort());
    try {
      const lines = new LineWriter(
        output === STDIO ? host.stdout : { write: (text) => document.write(Buffer.from(text)) },
      );
      await lines.text(
        `{"schemaVersion": 1, "kind": "mstream-decode", "from": ${toJson(input)}${ramName(host.cwd, output, ramPath)}, "items": [\n`,
      );
      let separator = '';
      for await (const item of decodeItems(stream, ram, { fields: options.hex !== true, layouts })) {
        await lines.text(separator);
        for (const text of itemTexts(item)) await lines.text(text);
        separator = ',\n';
      }
      await lines.text('\n]}\n');
      await lines.flush();
      await ram?.commit();
      await document.commit();
    } finally {
      progress.stop();
    }
    return exitCode.clean;
  },
});

/** An item a line, and a field a line. */
function* itemTexts(item: DocumentItem): Generator<string> {
  if (item.kind !== 'payload' || !('fields' in item)) {
    yield toJson(item);
    return;
  }
  const { fields, ...rest } = item;
  yield `${toJson(rest).slice(0, -1)},"fields":[`;
  for (const [index, field] of fields.entries()) yield `${index === 0 ? '' : ','}\n  ${toJson(field)}`;
  yield ']}';
}

/** The document names its RAM file only where it stands beside it: a path from elsewhere is nobody's to follow. */
function ramName(cwd: string, output: string, ram: string | undefined): string {
  const folder = output === STDIO ? cwd : dirname(resolve(cwd, output));
  return ram !== undefined && dirname(resolve(cwd, ram)) === folder ? `, "ram": ${toJson(basename(ram))}` : '';
}
