// explain --state with words that name no device: the devices whose features or whose byte they are, or that there is
// none.
import { expect, test } from 'vitest';
import { findInDevice } from '../../../../src/vmstate/index.js';
import { readDevices } from '../../../../src/ops/devices/read-devices.js';
import { mstream } from '../../../support/fake-host.js';
import { fixtureBytes } from '../../../support/fixtures.js';

const state = fixtureBytes('7.2.22-q35-devices');
const { devices } = await readDevices(state);
const said = async (words: string, file = state): Promise<string> =>
  (await mstream(['explain', '--state', 'state', words], { files: { state: file } })).stdout;
const NONE = 'no device of this state has these values: these words were not said about it';

test('a byte of the PCI configuration', async () => {
  const net = devices.find(({ section }) => section.idstr.endsWith('/virtio-net'))!;
  const [config] = findInDevice(net.state, '*config');
  const words = (read: number): string =>
    `get_pci_config_device: Bad config data: i=0x9a read: ${read.toString(16)} device: 2 cmask: ff wmask: 0 w1cmask:0`;
  const found = await said(words(config!.bytes[0x9a]!));
  expect(found).toContain(`in this state it fits ${net.section.idstr}`);
  expect(found).not.toContain(NONE);
  const none = await said(words(0xee));
  expect(none).toContain(NONE);
  expect(none).not.toContain('in this state it fits');
});

test('features of virtio', async () => {
  const blk = devices.find(({ section }) => section.idstr.endsWith('/virtio-blk'))!;
  const guest = Buffer.from(findInDevice(blk.state, '*guest_features_lo')[0]!.bytes).readUInt32BE();
  const words = (features: number): string => `Features 0x${features.toString(16)} unsupported. Allowed features: 0x0`;
  expect(await said(words(guest === 0 ? 0x10 : guest))).toContain(guest === 0 ? NONE : blk.section.idstr);
  expect(await said(words(0x7abcdef0))).toContain(NONE);
});

test('a state in which nothing tells says nothing of it', async () => {
  expect(await said('Features 0x10 unsupported. Allowed features: 0x0', fixtureBytes('7.2.22-plain'))).not.toContain(
    'this state',
  );
});
