// Rows: capabilities that a destination's monitor takes or refuses, and those that its URI cannot carry. Imports its
// own folder.

import { rowsOf, type Release, type Row } from '../row.js';

const on = (...names: readonly string[]) => ({
  on: { capabilities: Object.fromEntries(names.map((name) => [name, true])) },
});
const modern: readonly Release[] = ['10.0', '11.1'];
const since72: readonly Release[] = ['7.2', '10.0', '11.1'];

export const monitorRows: readonly Row[] = rowsOf('monitor', 'pc-5.2', {
  'none at all': on(),
  'those that change nothing': on('xbzrle', 'auto-converge', 'release-ram', 'late-block-activate'),
  'multifd over exec:': { ...on('multifd'), releases: modern },
  'mapped-ram over exec:': { base: 'mapped-ram', on: { ...on('mapped-ram').on, transport: 'exec' } },
  'mapped-ram and multifd over exec:': {
    base: 'mapped-ram',
    on: { ...on('mapped-ram', 'multifd').on, transport: 'exec' },
  },
  'mapped-ram over file:': { base: 'mapped-ram', ...on('mapped-ram') },
  'mapped-ram and multifd over file:': { base: 'mapped-ram-multifd', ...on('mapped-ram', 'multifd') },
  'multifd over file:': { base: 'mapped-ram', on: { ...on('multifd').on, transport: 'file' } },
  'plain over file:': { on: { ...on().on, transport: 'file' }, releases: modern },
  // Memory in an ordinary file is refused before that.
  'postcopy-ram and x-ignore-shared': { base: 'memfd', ...on('postcopy-ram', 'x-ignore-shared') },
  'postcopy-ram and multifd': { ...on('postcopy-ram', 'multifd'), releases: modern },
  'postcopy-preempt alone': { ...on('postcopy-preempt'), releases: since72 },
  'postcopy-preempt and postcopy-ram': { ...on('postcopy-preempt', 'postcopy-ram'), releases: modern },
  'background-snapshot and others': { ...on('background-snapshot', 'validate-uuid', 'xbzrle'), releases: since72 },
  'background-snapshot alone': { ...on('background-snapshot'), releases: since72 },
  'zero-copy-send alone': { ...on('zero-copy-send'), releases: since72 },
  'multifd and xbzrle': { ...on('multifd', 'xbzrle'), releases: modern },
  'multifd and compress': { ...on('multifd', 'compress'), releases: ['7.2'] },
  'mapped-ram and xbzrle': { base: 'mapped-ram', ...on('mapped-ram', 'xbzrle') },
  'mapped-ram and postcopy-ram': { ...on('mapped-ram', 'postcopy-ram'), releases: modern },
  'switchover-ack alone': { ...on('switchover-ack'), releases: modern },
  'dirty-limit alone': { ...on('dirty-limit'), releases: modern },
  'dirty-limit and auto-converge': { ...on('dirty-limit', 'auto-converge'), releases: modern },
  'x-colo alone': on('x-colo'),
  'two refusals': { base: 'memfd', ...on('postcopy-ram', 'x-ignore-shared', 'multifd', 'xbzrle') },
});
