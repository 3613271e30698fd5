// `mstream get STATE PATH…`: values of device state, for people and scripts.

import { quote } from '../../base/quote.js';
import { deviceLabel, findNodes, type DeviceState, type FieldNode } from '../../vmstate/index.js';
import { fieldsJson } from '../../report/devices/json.js';
import { plainValue, valueLines } from '../../report/devices/values.js';
import { errorText } from '../../report/error.js';
import { defineCommand } from '../command.js';
import { devicesOf, schemaFromOption, type ReadState } from '../devices.js';
import { exitCode } from '../exit-code.js';
import { Failure } from '../failure.js';
import { LineWriter } from '../line-writer.js';
import { flag, positional, positionals } from '../option.js';
import { openOptions, readingOptions, STATE } from '../options.js';

const options = {
  state: positional(STATE),
  paths: positionals('DEVICE[/INSTANCE].path.to.field, * for anything'),
  json: flag('One document (docs/schema/get.json)'),
  ...schemaFromOption,
  ...readingOptions,
};

export const getCommand = defineCommand({
  options,
  examples: [
    { args: 'get state cpu.env.eip', text: 'One value: alone on stdout' },
    { args: "get state 'cpu/1.env.regs' globalstate.runstate", text: 'Several: path=value, a line each' },
    { args: "get state '*/virtio-net*device.mac'", text: 'Wherever it is plugged in' },
    { args: 'get state mc146818rtc --json | jq .fields', text: 'A whole device, for programs' },
  ],
  async run(options, context) {
    const { host } = context;
    const read = await devicesOf(context, options.state, { ...openOptions(options), schemaFrom: options.schemaFrom });
    const states = read.devices.map((device) => device.state);
    const found = new Set<FieldNode>();
    const missed: string[] = [];
    for (const path of options.paths) {
      const nodes = findNodes(states, path);
      if (nodes.length === 0) missed.push(path);
      for (const node of nodes) found.add(node);
    }
    const nodes = [...found];
    const lines = new LineWriter(host.stdout);
    const alone = nodes.length === 1 && options.json !== true ? plainValue(nodes[0]!) : undefined;
    const text =
      options.json === true
        ? fieldsJson(nodes, { label: read.label, size: read.size, mstream: host.version }, read.note)
        : alone === undefined
          ? valueLines(nodes)
          : [alone];
    for (const line of text) await lines.line(line);
    await lines.flush();
    if (read.error !== undefined) {
      await host.stderr.write(errorText(read.error, context.err));
      return exitCode.input;
    }
    if (missed.length > 0)
      throw new Failure(
        exitCode.findings,
        'no-match',
        `${missed.map(quote).join(' and ')} matches nothing in this stream`,
        hint(missed[0]!, read),
      );
    return exitCode.clean;
  },
});

/** What the path may have meant. */
function hint(path: string, { devices }: ReadState): string {
  const labels = devices.map(({ state }) => deviceLabel(state.device));
  const device = devices.find(({ state }) => names(state).some((name) => path === name || path.startsWith(`${name}.`)));
  if (device?.reason !== undefined)
    return `nothing says what ${quote(device.section.idstr)} holds (${device.reason}); --schema-from FILE may`;
  if (device !== undefined)
    return `\`mstream inspect --devices=${deviceLabel(device.state.device)} STATE\` lists its fields`;
  const word = path.split(/[.*]/).find((part) => part !== '') ?? path;
  const like = labels.filter((label) => label.includes(word)).slice(0, 5);
  return like.length > 0
    ? `devices with such a name: ${like.join(', ')}`
    : '`mstream inspect --devices STATE` lists devices and fields';
}

function names({ device }: DeviceState): string[] {
  return [device.name, `${device.name}/${device.instanceId}`];
}
