// Messages about QEMU_VM_COMMAND records. QEMU: loadvm_process_command() and its handlers, migration/savevm.c.

import { always, chained, messages, type MessageRow } from './message.js';
import { release } from '../version.js';

const source = (name: string): string => `migration/savevm.c:${name}`;
const refused = (text: string, handler: string, errno: NonNullable<MessageRow['errno']> = 'EINVAL'): MessageRow => ({
  texts: chained(text),
  effect: 'fatal',
  errno,
  source: source(handler),
});

export const commandMessages = messages({
  'unknown-command': refused('MIG_CMD 0x{command:x} unknown (len 0x{length:x})', 'loadvm_process_command'),
  'command-length': refused(
    '{command:w} received with bad length - expecting {expected:d}, got {length:d}',
    'loadvm_process_command',
    'ERANGE',
  ),
  'command-unreadable': {
    texts: [{ since: release('10.2'), text: 'Failed to load VM process command: stream error: {errno:d}', as: 'link' }],
    effect: 'fatal',
    errno: 'EIO',
    source: source('loadvm_process_command'),
  },
  'command-deprecated': {
    texts: [{ since: release('11.0'), text: 'MIG_CMD 0x{command:x} deprecated (len 0x{length:x})', as: 'link' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: source('loadvm_process_command'),
  },
  'return-path-twice': {
    texts: always('CMD_OPEN_RETURN_PATH called when RP already open'),
    effect: 'non-fatal',
    source: source('loadvm_process_command'),
  },
  'return-path-failed': {
    texts: [{ until: release('10.1'), text: 'CMD_OPEN_RETURN_PATH failed' }],
    effect: 'fatal',
    errno: 'EPERM',
    source: source('loadvm_process_command'),
  },
  'ping-without-return-path': refused(
    'CMD_PING (0x{cookie:x}) received with no return path',
    'loadvm_process_command',
    'EPERM',
  ),
  'advise-state': refused(
    'CMD_POSTCOPY_ADVISE in wrong postcopy state ({state:d})',
    'loadvm_postcopy_handle_advise',
    'EPERM',
  ),
  'advise-length': refused('CMD_POSTCOPY_ADVISE invalid length ({length:d})', 'loadvm_postcopy_handle_advise'),
  'advise-empty': refused('RAM postcopy is enabled but have 0 byte advise', 'loadvm_postcopy_handle_advise'),
  'advise-unexpected': refused('RAM postcopy is disabled but have 16 byte advise', 'loadvm_postcopy_handle_advise'),
  'advise-page-sizes': refused(
    'Postcopy needs matching RAM page sizes (s={received:x} d={local:x})',
    'loadvm_postcopy_handle_advise',
    'EPERM',
  ),
  'advise-target-page': refused(
    'Postcopy needs matching target page sizes (s={received:d} d={local:d})',
    'loadvm_postcopy_handle_advise',
    'EPERM',
  ),
  'listen-state': refused(
    'CMD_POSTCOPY_LISTEN in wrong postcopy state ({state:d})',
    'loadvm_postcopy_handle_listen',
    'EPERM',
  ),
  'listen-twice': {
    texts: [{ until: release('4.1'), text: 'CMD_POSTCOPY_RAM_LISTEN already has a listen thread' }],
    effect: 'fatal',
    errno: 'EPERM',
    source: source('loadvm_postcopy_handle_listen'),
  },
  'run-state': refused('CMD_POSTCOPY_RUN in wrong postcopy state ({state:d})', 'loadvm_postcopy_handle_run', 'EPERM'),
  'discard-state': refused(
    'CMD_POSTCOPY_RAM_DISCARD in wrong postcopy state ({state:d})',
    'loadvm_postcopy_ram_handle_discard',
    'EPERM',
  ),
  'discard-length': refused(
    'CMD_POSTCOPY_RAM_DISCARD invalid length ({length:d})',
    'loadvm_postcopy_ram_handle_discard',
    'EPERM',
  ),
  'discard-version': refused(
    'CMD_POSTCOPY_RAM_DISCARD invalid version ({version:d})',
    'loadvm_postcopy_ram_handle_discard',
    'EPERM',
  ),
  'discard-name': refused(
    'CMD_POSTCOPY_RAM_DISCARD Failed to read RAMBlock ID',
    'loadvm_postcopy_ram_handle_discard',
    'EPERM',
  ),
  'discard-nil': refused(
    'CMD_POSTCOPY_RAM_DISCARD missing nil ({byte:d})',
    'loadvm_postcopy_ram_handle_discard',
    'EPERM',
  ),
  'discard-unknown-block': {
    texts: always("ram_discard_range: Failed to find block '{block}'"),
    effect: 'fatal',
    errno: 'EPERM',
    source: 'migration/ram.c:ram_discard_range',
  },
  'discard-failed': {
    texts: [{ since: release('10.2'), text: 'Failed to discard RAM range {block}: {errno:d}', as: 'link' }],
    effect: 'context',
    source: source('loadvm_postcopy_ram_handle_discard'),
  },
  'packaged-too-large': refused('Unreasonably large packaged state: {length:d}', 'loadvm_handle_cmd_packaged', 'EPERM'),
  'packaged-short': refused(
    'CMD_PACKAGED: Buffer receive fail ret={received:d} length={length:d}',
    'loadvm_handle_cmd_packaged',
    'EAGAIN',
  ),
  'resume-illegal': {
    texts: [
      { until: release('10.1'), text: 'loadvm_postcopy_handle_resume: illegal resume received' },
      { since: release('10.2'), text: 'warning: loadvm_postcopy_handle_resume: illegal resume received' },
    ],
    effect: 'non-fatal',
    source: source('loadvm_postcopy_handle_resume'),
  },
  'bitmap-only-recovery': {
    texts: always('migrate_send_rp_recv_bitmap: MSG_RP_RECV_BITMAP only used for recovery'),
    effect: 'non-fatal',
    source: 'migration/migration.c:migrate_send_rp_recv_bitmap',
  },
  'recv-bitmap-name': {
    texts: chained('loadvm_handle_recv_bitmap: failed to read block name', 'failed to read block name'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: source('loadvm_handle_recv_bitmap'),
  },
  'recv-bitmap-length': {
    texts: chained(
      'loadvm_handle_recv_bitmap: invalid payload length ({length:d})',
      'invalid payload length ({length:d})',
    ),
    effect: 'fatal',
    errno: 'EINVAL',
    source: source('loadvm_handle_recv_bitmap'),
  },
  'recv-bitmap-block': {
    texts: chained("loadvm_handle_recv_bitmap: block '{block}' not found", "block '{block}' not found"),
    effect: 'fatal',
    errno: 'EINVAL',
    source: source('loadvm_handle_recv_bitmap'),
  },
  'colo-not-set': {
    texts: [
      {
        since: release('8.1'),
        until: release('10.1'),
        text: 'ENABLE_COLO command come in migration stream, but x-colo capability is not set',
      },
      {
        since: release('10.2'),
        until: release('10.2'),
        text: 'ENABLE_COLO command come in migration stream, but x-colo capability is not set',
        as: 'link',
      },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/colo.c:migration_incoming_enable_colo',
  },
});
