// The capability list of a stream that becomes mapped-ram, or ceases to be. QEMU: vmstate_configuration_capabilities,
// migration/savevm.c.

import type { Configuration } from '../../wire/configuration.js';

const MAPPED_RAM = 'mapped-ram';

/** `configuration` with the capability mapped-ram or without it; a list that becomes empty goes. */
export function withMapped(configuration: Configuration, on: boolean): Configuration {
  const { subsections } = configuration;
  const list = subsections.find((part) => part.kind === 'capabilities');
  if (list === undefined) {
    if (!on) return configuration;
    const added = { kind: 'capabilities', version: 1, names: [MAPPED_RAM] } as const;
    // QEMU's order: target-page-bits, capabilities, uuid.
    const at = subsections.findIndex((part) => part.kind !== 'target-page-bits');
    const place = at < 0 ? subsections.length : at;
    return { ...configuration, subsections: [...subsections.slice(0, place), added, ...subsections.slice(place)] };
  }
  const names = list.names.filter((name) => name !== MAPPED_RAM);
  if (on) names.push(MAPPED_RAM);
  return {
    ...configuration,
    subsections: subsections.flatMap((part) =>
      part !== list ? [part] : names.length === 0 ? [] : [{ ...list, names }],
    ),
  };
}
