// Ring indices that do not fit: memory of another VM only where memory was left out of the stream; else the payload was
// read shifted. QEMU: virtio_load(), hw/virtio/virtio.c.

import type { Cure } from '../../base/hint.js';
import type { CauseRule } from './rule.js';
import { AGAIN, VERIFY } from './row.js';

const MEMORY = 'the memory is not the memory that this state was saved with: another VM mapped the file with share=on';
const SHIFTED =
  'the index was read from a shifted payload: the device has another layout here (vectors=, queues, another release)';
const DEVICE_BUG = 'a bug of the device at the source, which saved an index that does not fit its ring';
const SAME_DEVICE = 'the same options of that device and the machine type of the source';
const SOURCE = 'hw/virtio/virtio.c:virtio_load, after the whole device was read';

const forBoth = (when: CauseRule['when'], causes: readonly string[], cures: readonly Cure[]): readonly CauseRule[] =>
  (['virtio-queue-size', 'virtio-host-index'] as const).map((message) => ({
    message,
    when,
    causes,
    cures,
    source: SOURCE,
  }));

export const virtioRules: readonly CauseRule[] = [
  ...forBoth(
    ({ shared }) => shared === true,
    [MEMORY, SHIFTED],
    [{ code: 'verify-template' }, 'share=off for all clones', SAME_DEVICE],
  ),
  ...forBoth(({ shared }) => shared === false, [SHIFTED, DEVICE_BUG], [SAME_DEVICE, VERIFY, AGAIN]),
];
