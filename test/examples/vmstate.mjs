// The example of docs/api/vmstate.md. Run from the root of the repository.

import { openFile } from 'qemu-mstream/node';
import { decodeDevice, DeviceEdit, findNodes, meaningOf, readDevices } from 'qemu-mstream/vmstate';

const source = await openFile('fixtures/example/state');
const { devices } = await readDevices(source);
await source.close();
const states = devices.map(({ state }) => state);
console.log(devices.length, 'devices');

for (const node of findNodes(states, 'cpu.env.cr[*]')) console.log(node.fullPath, node.value, meaningOf(node) ?? '');

const [node] = findNodes(states, 'cpu.env.eip');
const edit = new DeviceEdit(node.state);
edit.set(node, '0x7c00');
const { device, bytes, changes } = edit.apply();
console.log(changes.map(({ kind, path, offset }) => `${kind} ${path} at ${offset}`).join());
console.log(findNodes([decodeDevice(device, bytes)], 'cpu.env.eip')[0].value);
