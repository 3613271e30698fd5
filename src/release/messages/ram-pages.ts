// Messages about page records and multifd channels. QEMU: ram_load_precopy(), ram_load_postcopy(), migration/ram.c;
// migration/multifd.c.

import { always, messages } from './message.js';
import { release } from '../version.js';

const ram = (name: string): string => `migration/ram.c:${name}`;
const multifd = 'migration/multifd.c';

const HOST_PAGES =
  'Target host page {expected:w}, received host page {received:w} (rb {block} offset 0x{address:x} target_pages {pages:d})';

export const ramPageMessages = messages({
  'unknown-flags': {
    texts: [
      { until: release('5.1'), text: 'Unknown combination of migration flags: {flags:#x}' },
      { since: release('5.2'), text: 'Unknown combination of migration flags: 0x{flags:x}' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load_precopy'),
  },
  'unknown-flags-postcopy': {
    texts: [
      { until: release('5.1'), text: 'Unknown combination of migration flags: {flags:#x} (postcopy mode)' },
      { since: release('5.2'), text: 'Unknown combination of migration flags: 0x{flags:x} (postcopy mode)' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load_postcopy'),
  },
  'unexpected-flags': {
    texts: [{ since: release('9.0'), text: 'Unexpected RAM flags: {flags:d}' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load_precopy'),
  },
  'unexpected-compressed': {
    texts: [{ until: release('9.0'), text: 'Received an unexpected compressed page' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load_precopy'),
  },
  'ram-address-unreadable': {
    texts: [{ since: release('9.0'), text: 'Getting RAM address failed' }],
    effect: 'fatal',
    errno: 'EIO',
    source: ram('ram_load_precopy'),
  },
  'no-block-named': {
    texts: always('Ack, bad migration stream!'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_block_from_stream'),
  },
  'unknown-block': {
    texts: always("Can't find block {block}"),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_block_from_stream'),
  },
  /** Printed by itself for an offset past the block, and after each of the three above. */
  'illegal-offset': {
    texts: always('Illegal RAM offset {address:x}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load_precopy'),
  },
  'zero-fill': {
    texts: [{ since: release('8.2'), text: 'Found a zero page with value {fill:d}' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load_precopy'),
  },
  'compressed-length': {
    texts: [{ until: release('9.0'), text: 'Invalid compressed data length: {length:d}' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load_precopy'),
  },
  'decompress-failed': {
    texts: [{ until: release('9.0'), text: 'decompress data failed' }],
    effect: 'fatal',
    errno: 'EPERM',
    source: 'migration/ram-compress.c:do_data_decompress',
  },
  'xbzrle-encoding': {
    texts: always('Failed to load XBZRLE page - wrong compression!'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('load_xbzrle'),
  },
  'xbzrle-length': {
    texts: always('Failed to load XBZRLE page - len overflow!'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('load_xbzrle'),
  },
  'xbzrle-decode': {
    texts: always('Failed to load XBZRLE page - decode error!'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('load_xbzrle'),
  },
  'xbzrle-page': {
    texts: always('Failed to decompress XBZRLE page at {address:x}'),
    effect: 'context',
    errno: 'EINVAL',
    source: ram('ram_load_precopy'),
  },
  'postcopy-order': {
    texts: [
      { until: release('4.2'), text: 'Non-sequential target page {received:w}/{expected:w}' },
      { since: release('5.0'), until: release('6.2'), text: 'Non-same host page {expected:w}/{received:w}' },
      { since: release('7.0'), until: release('7.0'), text: `Non-same host page detected.  ${HOST_PAGES}` },
      { since: release('7.1'), text: `Non-same host page detected on channel {channel:d}: ${HOST_PAGES}` },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load_postcopy'),
  },
  'multifd-magic': {
    texts: always('multifd: received packet magic {received:x} expected {expected:x}', { since: release('4.0') }),
    effect: 'fatal',
    source: `${multifd}:multifd_recv_initial_packet`,
  },
  'multifd-version': {
    texts: always('multifd: received packet version {received:d} expected {expected:d}', { since: release('4.0') }),
    effect: 'fatal',
    source: `${multifd}:multifd_recv_initial_packet`,
  },
  'multifd-uuid': {
    texts: always("multifd: received uuid '{received:w}' and expected uuid '{expected:w}' for channel {channel:d}", {
      since: release('4.0'),
    }),
    effect: 'fatal',
    source: `${multifd}:multifd_recv_initial_packet`,
  },
  'multifd-block': {
    texts: always('multifd: unknown ram block {block}', { since: release('4.0') }),
    effect: 'fatal',
    source: `${multifd}:multifd_recv_unfill_packet`,
  },
  'multifd-flags': {
    texts: always('multifd {channel:d}: flags received {received:x} flags expected {expected:x}', {
      since: release('5.0'),
    }),
    effect: 'fatal',
    source: `${multifd}:multifd_recv_thread`,
  },
});
