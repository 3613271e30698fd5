// Messages about dirty bitmaps of disks. QEMU: dirty_bitmap_load() and its neighbours, migration/block-dirty-bitmap.c.

import { always, messages, type MessageRow } from './message.js';
import { release } from '../version.js';

const refused = (text: string, handler: string, more: Partial<MessageRow> = {}): MessageRow => ({
  texts: always(text),
  effect: 'fatal',
  errno: 'EINVAL',
  source: `migration/block-dirty-bitmap.c:${handler}`,
  ...more,
});

/** Said, and that bitmap is left out; the load goes on. */
const left = (text: string, handler: string, more: Partial<MessageRow> = {}): MessageRow => ({
  texts: always(text),
  effect: 'non-fatal',
  source: `migration/block-dirty-bitmap.c:${handler}`,
  ...more,
});

export const dirtyBitmapMessages = messages({
  'bitmap-granularity': left(
    "Migrated bitmap granularity doesn't match the destination bitmap '{bitmap}' granularity",
    'dirty_bitmap_load_start',
  ),
  'bitmap-exists': refused(
    "Bitmap with the same name ('{bitmap}') already exists on destination",
    'dirty_bitmap_load_start',
  ),
  'bitmap-flags': refused('Unknown flags in migrated dirty bitmap header: {flags:x}', 'dirty_bitmap_load_start'),
  'bitmap-node': left("Cannot find device='{node}' nor node-name='{name}'", 'dirty_bitmap_load_header', {
    texts: [
      { until: release('5.2'), text: 'Cannot find device={node} nor node_name={name}' },
      { since: release('6.0'), text: "Cannot find device='{node}' nor node-name='{name}'" },
    ],
  }),
  'bitmap-no-node': left('Error: block device name is not set', 'dirty_bitmap_load_header'),
  'bitmap-unknown': left(
    "Error: unknown dirty bitmap '{bitmap}' for block device '{node}'",
    'dirty_bitmap_load_header',
  ),
  'bitmap-node-unreadable': refused('Unable to read node alias string', 'dirty_bitmap_load_header', {
    texts: [{ since: release('5.2'), text: 'Unable to read node alias string' }],
  }),
  'bitmap-name-unreadable': refused('Unable to read bitmap alias string', 'dirty_bitmap_load_header', {
    texts: [{ since: release('5.2'), text: 'Unable to read bitmap alias string' }],
  }),
  'bitmap-too-large': refused(
    'Bitmap migration stream buffer allocation request is too large',
    'dirty_bitmap_load_bits',
    { errno: 'EIO' },
  ),
  'bitmap-bits-unreadable': refused('Failed to read bitmap bits', 'dirty_bitmap_load_bits', { errno: 'EIO' }),
});
