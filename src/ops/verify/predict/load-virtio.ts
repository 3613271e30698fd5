// The state that all virtio devices share. QEMU: virtio_load(), hw/virtio/virtio.c. May import the predictor's own files.

import type { Incoming } from './incoming.js';
import type { ValueToLoad } from './load-value.js';
import type { QemuFile } from './qemu-file.js';

export async function loadVirtio(incoming: Incoming, file: QemuFile, { field, context }: ValueToLoad): Promise<void> {
  incoming.unknowns.add(`what the destination makes of ${context.device}`);
  await file.pass(incoming.sent(context.device, 0) ?? field.size!);
}
