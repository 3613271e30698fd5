// The configuration section: the destination's machine and page size, the capabilities that the source's RAM was saved
// with. QEMU: configuration_post_load(), migration/savevm.c.

import { hexDigits } from '../../../base/bytes.js';
import { quote } from '../../../base/quote.js';
import { capabilitiesOf, type Configuration, type ConfigurationSubsection } from '../../../wire/configuration.js';
import { cures } from '../merge/cures.js';
import type { Ledger } from '../merge/ledger.js';

/** Undefined where the destination reads none. */
export function layConfiguration(
  ledger: Ledger,
  donor: Configuration | undefined,
  source: Configuration | undefined,
): Configuration | undefined {
  const [donorFamily, sourceFamily] = [familyOf(donor), familyOf(source)];
  if (donorFamily !== undefined && sourceFamily !== undefined && donorFamily !== sourceFamily) {
    ledger.note({
      kind: 'conflict',
      grade: 'impossible',
      path: 'machine',
      before: source!.machine,
      after: donor!.machine,
      why: 'another family of machines: other devices at other places',
      cure: cures.machine(sourceFamily),
    });
  }
  const uuid = source?.subsections.find((part) => part.kind === 'uuid');
  if (uuid !== undefined && donor?.subsections.every((part) => part.kind !== 'uuid') === true) {
    ledger.note({
      kind: 'dropped',
      grade: 'assumed',
      path: 'configuration/uuid',
      before: hexDigits(uuid.uuid),
      why: 'the destination was saved without validate-uuid, so it does not ask',
    });
  }
  if (donor === undefined) return undefined;
  const names = capabilitiesOf(source) ?? [];
  const rest = donor.subsections.filter((part) => part.kind !== 'capabilities');
  if (names.length === 0) return { machine: donor.machine, subsections: rest };
  const version = source!.subsections.find((part) => part.kind === 'capabilities')!.version;
  const capabilities: ConfigurationSubsection = { kind: 'capabilities', version, names };
  // The order of vmstate_configuration: target page bits, capabilities, uuid.
  const before = rest.filter((part) => part.kind === 'target-page-bits');
  return {
    machine: donor.machine,
    subsections: [...before, capabilities, ...rest.filter((part) => part.kind !== 'target-page-bits')],
  };
}

/** `pc-i440fx` of `pc-i440fx-7.2`; a machine without versions is its own. */
function familyOf(configuration: Configuration | undefined): string | undefined {
  return configuration?.machine.replace(/-\d+(?:\.\d+)+$/, '');
}

export function machineOf(configuration: Configuration | undefined): string {
  return configuration === undefined ? 'not said' : quote(configuration.machine).slice(1, -1);
}
