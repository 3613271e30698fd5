// Explanations of what QEMU's monitor answers to capabilities before a load begins.

import { explanations, row, type ExplanationRow } from './row.js';

const off = (name: string): string => `switch ${name} off at the destination`;

/** `first` and `second` are on, and exclude each other. */
function exclude(first: string, second: string): ExplanationRow {
  return row(
    `The capabilities ${first} and ${second} exclude each other: QEMU switches neither on.`,
    ['both were asked for'],
    [off(first), off(second)],
  );
}

/** `name` is on, and `needed` is not. */
function needs(name: string, needed: string): ExplanationRow {
  return row(
    `The capability ${name} needs ${needed}: QEMU does not switch it on.`,
    [`only ${name} was asked for`],
    [off(name), `switch ${needed} on in the same command`],
  );
}

export const monitorExplanations = explanations({
  'postcopy-multifd': exclude('postcopy-ram', 'multifd'),
  'background-snapshot-capability': exclude('background-snapshot', '{capability}'),
  'zero-copy-multifd': needs('zero-copy-send', 'multifd'),
  'preempt-postcopy': needs('postcopy-preempt', 'postcopy-ram'),
  'multifd-compress': exclude('multifd', 'compress'),
  'switchover-ack-return-path': needs('switchover-ack', 'return-path'),
  'dirty-limit-auto-converge': exclude('dirty-limit', 'auto-converge'),
  'dirty-limit-kvm': row(
    'The capability dirty-limit is for a source under KVM: QEMU does not switch it on here.',
    ['the accelerator is not KVM, or has no dirty-ring-size='],
    [off('dirty-limit')],
  ),
  'multifd-xbzrle': exclude('multifd', 'xbzrle'),
  'mapped-ram-xbzrle': exclude('mapped-ram', 'xbzrle'),
  'mapped-ram-postcopy': exclude('mapped-ram', 'postcopy-ram'),
  'colo-return-path': needs('x-colo', 'return-path'),
  'multi-channel-uri': row(
    'multifd and postcopy-preempt need several connections, and this URI has one.',
    ['exec:, fd: or file: with multifd or postcopy-preempt on'],
    [off('multifd'), 'tcp: or unix:', 'mapped-ram beside multifd, with file:PATH'],
  ),
  'mapped-seekable': row(
    'mapped-ram needs a file, not a pipe.',
    ['exec: or a socket with mapped-ram on'],
    ['file:PATH'],
  ),
});
