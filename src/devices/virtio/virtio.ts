// The rules of virtio.

import { latin1 } from '../../bytes/window.js';
import { filled } from '../bytes.js';
import type { Decoder } from '../rule.js';
import { hexText } from '../values.js';
import { gpuState } from './gpu.js';
import { virtioMeanings } from './names.js';
import { virtioState } from './state.js';

export const virtio: Decoder = {
  layouts: [
    { type: 'virtio', layout: ({ view, vmsd }) => virtioState(view, vmsd)?.table },
    { type: 'virtio-gpu', layout: gpuState },
  ],
  bytes: [
    // The answer to what the driver selected.
    { vmsd: 'virtio-input config', field: 'data', label: 'answer', ...filled((sibling) => sibling('size')) },
    { vmsd: 'virtio-9p config', field: 'tag', label: 'mount tag', text: (all) => latin1(all, 0, all.length) },
    { vmsd: 'virtio-net-device/rss', field: 'rss_data.key', label: 'hash key', text: hexText },
  ],
  meanings: virtioMeanings,
};
