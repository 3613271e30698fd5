// Messages about sections, footers and short reads between them. QEMU: qemu_loadvm_state_main() and its neighbours,
// migration/savevm.c.

import { always, chained, messages } from './message.js';
import { release } from '../version.js';

const SETUP_MATCHES =
  'Make sure that your current VM setup matches your saved VM setup, including any hotplugged devices';

export const framingMessages = messages({
  'unknown-section-type': {
    texts: chained('Unknown savevm section type {type:d}', 'Unknown section type {type:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:qemu_loadvm_state_main',
  },
  'unknown-section': {
    texts: [
      { until: release('3.1'), text: "Unknown savevm section or instance '{idstr}' {instance:d}" },
      {
        since: release('4.0'),
        until: release('10.1'),
        text: `Unknown savevm section or instance '{idstr}' {instance:d}. ${SETUP_MATCHES}`,
      },
      {
        since: release('10.2'),
        text: `Unknown section or instance '{idstr}' {instance:d}. ${SETUP_MATCHES}`,
        as: 'link',
      },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:qemu_loadvm_section_start_full',
  },
  'unknown-section-id': {
    texts: chained('Unknown savevm section {id:d}', 'Unknown section {id:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:qemu_loadvm_section_part_end',
  },
  'unsupported-section-version': {
    texts: chained(
      "savevm: unsupported version {version:d} for '{idstr}' v{local:d}",
      "unsupported version {version:d} for '{idstr}' v{local:d}",
    ),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:qemu_loadvm_section_start_full',
  },
  'no-idstr': {
    texts: chained('Unable to read ID string for section {id:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:qemu_loadvm_section_start_full',
  },
  'instance-unreadable': {
    texts: chained(
      'qemu_loadvm_section_start_full: Failed to read instance/version ID: {errno:d}',
      'Failed to read instance/version ID: {errno:d}',
    ),
    effect: 'fatal',
    errno: 'EIO',
    source: 'migration/savevm.c:qemu_loadvm_section_start_full',
  },
  'section-id-unreadable': {
    texts: chained(
      'qemu_loadvm_section_start_full: Failed to read section ID: {errno:d}',
      'Failed to read section ID: {errno:d}',
    ),
    effect: 'fatal',
    errno: 'EIO',
    source: 'migration/savevm.c:qemu_loadvm_section_start_full',
  },
  'part-id-unreadable': {
    texts: chained(
      'qemu_loadvm_section_part_end: Failed to read section ID: {errno:d}',
      'Failed to read section ID: {errno:d}',
    ),
    effect: 'fatal',
    errno: 'EIO',
    source: 'migration/savevm.c:qemu_loadvm_section_part_end',
  },
  'ram-not-on-xen': {
    texts: chained('loadvm: {idstr} RAM loading not allowed on Xen'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:qemu_loadvm_section_start_full',
  },
  'device-state-error': {
    texts: chained("error while loading state for instance 0x{instance:x} of device '{idstr}'"),
    effect: 'context',
    source: 'migration/savevm.c:qemu_loadvm_section_start_full',
  },
  'section-state-error': {
    texts: [{ until: release('10.1'), text: 'error while loading state section id {id:d}({idstr})' }],
    effect: 'context',
    source: 'migration/savevm.c:qemu_loadvm_section_part_end',
  },
  'vmstate-version': {
    texts: [
      { since: release('10.2'), text: 'Failed to load vmstate version_id: {version:d}, ret: {errno:d}', as: 'link' },
    ],
    effect: 'context',
    source: 'migration/savevm.c:vmstate_load',
  },
  'footer-missing': {
    texts: always('Missing section footer for {idstr}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:check_section_footer',
  },
  'footer-mismatch': {
    texts: always('Mismatched section id in footer for {idstr} - read 0x{received:x} expected 0x{expected:x}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:check_section_footer',
  },
  'footer-unreadable': {
    texts: always('check_section_footer: Read section footer failed: {errno:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:check_section_footer',
  },
  'footer-error': {
    texts: [{ since: release('10.2'), text: 'Section footer error, section_id: {id:d}', as: 'link' }],
    effect: 'context',
    source: 'migration/savevm.c:qemu_loadvm_section_start_full, qemu_loadvm_section_part_end',
  },
  'section-type-unreadable': {
    texts: [{ since: release('10.2'), text: 'Failed to load section ID: stream error: {errno:d}', as: 'link' }],
    effect: 'fatal',
    errno: 'EIO',
    source: 'migration/savevm.c:qemu_loadvm_state_main',
  },
  'channel-error': {
    texts: [{ since: release('10.2'), text: 'Channel error: {error}', as: 'link' }],
    effect: 'context',
    source: 'migration/qemu-file.c:qemu_fill_buffer',
  },
});
