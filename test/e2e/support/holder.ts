// A program that starts a QEMU and then ends as its argument says; process.test.ts bundles it, runs it and looks for
// what it left behind. Prints "<pid of QEMU> <private folder>". Imports qemu/.

import { ChildProcess } from 'node:child_process';
import { writeSync } from 'node:fs';
import { plainBinary, type QemuBinary } from '../../../src/qemu/binary.js';
import { startMachine } from '../../../src/qemu/machine.js';

const [how = 'exit', binary = '', ...argv] = process.argv.slice(2);
if (how === 'moment') {
  // Ended in the moment in which QEMU starts, before anybody can be told of it.
  const prototype = ChildProcess.prototype as unknown as { spawn(options: { args: string[] }): number; pid: number };
  const { spawn } = prototype;
  prototype.spawn = function (options) {
    const result = spawn.call(this, options);
    if (options.args.includes('-qmp') || options.args.includes('-chardev')) {
      writeSync(1, `${this.pid} /nonexistent\n`);
      process.kill(process.pid, 'SIGKILL');
    }
    return result;
  };
}
const machine = await startMachine({
  binary: binary.startsWith('{') ? (JSON.parse(binary) as QemuBinary) : plainBinary(binary),
  argv,
});
process.stdout.write(`${machine.process.pid} ${machine.folder}\n`);
if (how === 'exit') process.exit(7);
if (how === 'throw') throw new Error('on purpose');
// Otherwise it waits for the signal.
