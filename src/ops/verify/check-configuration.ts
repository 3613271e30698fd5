// The configuration section against what QEMU accepts. QEMU: configuration_post_load() and its neighbours,
// migration/savevm.c.

import { uuidText } from '../../base/uuid.js';
import { escapeText, quote } from '../../base/quote.js';
import type { Span } from '../../base/span.js';
import type { Architecture } from '../../release/architecture.js';
import { isCapability, validatedCapabilities } from '../../release/capabilities.js';
import { isMachineAlias } from '../../release/machines.js';
import type { Configuration } from '../../wire/configuration.js';
import { finding, type Finding } from './codes.js';

export function checkConfiguration(configuration: Configuration, span: Span): Finding[] {
  const findings: Finding[] = [];
  const at = { offset: span.start, path: ['configuration'] };
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
      const known = isCapability(capability);
      if (known && validatedCapabilities.includes(capability)) continue;
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

/**
 * QEMU writes the full name: an alias, or a name that ends in the middle, was put there by hand. Where machine types of
 * the architecture have no versions, the name alone is the full name.
 */
export function checkMachineName(machine: string, span: Span, architecture: Architecture | undefined): Finding[] {
  const at = { offset: span.start, path: ['configuration'] };
  if (machine === '') return [finding('machine-unnamed', { text: 'the machine name is empty', ...at })];
  if (!/[-.]$/.test(machine) && !isMachineAlias(machine, architecture)) return [];
  return [finding('machine-unnamed', { text: `the machine name ${quote(machine)} is not a full one`, ...at })];
}
