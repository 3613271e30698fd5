// A program that starts a QEMU and then ends as its argument says; process.test.ts bundles it, runs it and looks for what it
// left behind. Prints "<pid of QEMU> <private folder>". Imports qemu/.

import { plainBinary, type QemuBinary } from '../../../src/qemu/binary.js';
import { startMachine } from '../../../src/qemu/machine.js';

const [how = 'exit', binary = '', ...argv] = process.argv.slice(2);
const machine = await startMachine({
  binary: binary.startsWith('{') ? (JSON.parse(binary) as QemuBinary) : plainBinary(binary),
  argv,
});
process.stdout.write(`${machine.process.pid} ${machine.folder}\n`);
if (how === 'exit') process.exit(7);
if (how === 'throw') throw new Error('on purpose');
// Otherwise it waits for the signal.
