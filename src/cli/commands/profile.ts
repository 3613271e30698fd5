// `mstream profile [-o P.json] -- QEMU ARGS...`.

import { formatProfile } from '../../destination/document.js';
import { askDestination } from '../../qemu/ask/ask.js';
import { profileText } from '../../report/verify/profile.js';
import { showDash, STDIO } from '../args.js';
import { defineCommand } from '../command.js';
import { exitCode } from '../exit-code.js';
import { flag, text } from '../option.js';
import { single } from '../options.js';
import { qemuCommandLine, seconds, withFailures } from '../qemu-command.js';

/** The profile contains device state of the QEMU that was asked, and its command line. */
const PRIVATE = 0o600;

const options = {
  output: text('Write the profile as JSON to a file, or - for stdout', 'o'),
  json: flag('The profile as JSON on stdout'),
  timeout: text('Seconds for each step (30)'),
  force: flag('Replace a file'),
};

export const profileCommand = defineCommand({
  options,
  examples: [
    { args: 'profile -- qemu-system-x86_64 -M q35 -m 2G', text: 'What is this destination?' },
    {
      args: 'profile -o host7.json -- qemu-system-x86_64 -M q35 -m 2G disk.qcow2',
      text: 'Kept, for checks where that QEMU is not at hand',
    },
    { args: 'profile -o - -- lab:7.2 -M pc | jq .machine', text: 'As JSON, of a QEMU of `npm run lab`' },
  ],
  run: (options, context) =>
    withFailures(async () => {
      const { host, out } = context;
      const progress = (line: string): void => void host.stderr.write(`${context.err.dim(line)}\n`);
      const { binary, argv } = await qemuCommandLine(context.rest, progress);
      const wanted = single('output', options.output);
      const output = wanted === undefined ? undefined : showDash(wanted);
      const file =
        output === undefined || output === STDIO
          ? undefined
          : await host.openOutput(output, options.force ?? false, PRIVATE);
      context.defer(() => file?.abort());
      const destination = await askDestination(binary, argv, {
        cwd: host.cwd,
        timeoutMs: seconds('timeout', options.timeout, 30_000),
        signal: host.signal,
      });
      const document = formatProfile(destination);
      if (file !== undefined) {
        await file.write(new TextEncoder().encode(document));
        await file.commit();
      }
      const asJson = options.json === true || output === STDIO;
      await host.stdout.write(asJson ? document : await profileText(destination, out, host.stdout.columns));
      return exitCode.clean;
    }),
});
