// The configuration section against what QEMU accepts. QEMU: configuration_post_load() and its neighbours,
// migration/savevm.c.

import { uuidText } from '../../base/uuid.js';
import { escapeText, quote } from '../../base/quote.js';
import type { Span } from '../../base/span.js';
import type { Configuration } from '../../wire/configuration.js';
import { finding, type Finding } from './codes.js';

/** What QEMU compares of the list; other names that it knows are passed over. QEMU: should_validate_capability(). */
const VALIDATED = new Set(['x-ignore-shared', 'mapped-ram']);

/** Every other capability that a QEMU from 4.0 to 11.1 knows (query-migrate-capabilities of each). */
const KNOWN = new Set([
  'xbzrle',
  'rdma-pin-all',
  'auto-converge',
  'zero-blocks',
  'compress',
  'events',
  'postcopy-ram',
  'x-colo',
  'release-ram',
  'block',
  'return-path',
  'pause-before-switchover',
  'multifd',
  'dirty-bitmaps',
  'postcopy-blocktime',
  'late-block-activate',
  'validate-uuid',
  'background-snapshot',
  'zero-copy-send',
  'postcopy-preempt',
  'switchover-ack',
  'dirty-limit',
]);

export function checkConfiguration(configuration: Configuration, span: Span): Finding[] {
  const findings: Finding[] = [];
  const at = { offset: span.start, path: ['configuration'] };
  const { machine } = configuration;
  if (machine === '') findings.push(finding('machine-unnamed', { text: 'the machine name is empty', ...at }));
  // QEMU writes the full name: an alias, or one that ends in the middle, was put there by hand.
  else if (/[-.]$|^(?:pc|q35|virt|pseries)$/.test(machine)) {
    findings.push(finding('machine-unnamed', { text: `the machine name ${quote(machine)} is not a full one`, ...at }));
  }
  for (const part of configuration.subsections) {
    const name = part.kind === 'unknown' ? part.name : part.kind;
    if (part.kind === 'unknown')
      findings.push(finding('unknown-subsection', { text: `unknown subsection ${quote(part.name)}`, ...at }));
    // The loader keeps the low 8 bits only.
    else if ((part.version & 0xff) > 1)
      findings.push(
        finding('subsection-version', { text: `subsection ${escapeText(name)} of version ${part.version}`, ...at }),
      );
    if (part.kind === 'uuid')
      findings.push(finding('uuid', { text: `the state carries the uuid ${uuidText(part.uuid)}`, ...at }));
    if (part.kind !== 'capabilities') continue;
    for (const capability of part.names) {
      if (VALIDATED.has(capability)) continue;
      const known = KNOWN.has(capability);
      findings.push(
        finding(known ? 'ignored-capability' : 'unknown-capability', {
          text: `capability ${quote(capability)} is listed`,
          ...at,
        }),
      );
    }
  }
  return findings;
}
