// The description of the configuration section in a vmdescription. QEMU: vmstate_configuration, migration/savevm.c;
// described since 8.2.

import { plainField, type FieldSchema, type VmsdSchema } from './schema.js';
import type { Configuration, ConfigurationSubsection } from '../wire/configuration.js';

/** The entry `configuration`. Unknown subsections are left out, because their fields are unknown. */
export function configurationSchema({ machine, subsections }: Configuration): VmsdSchema {
  return {
    name: 'configuration',
    version: 1,
    fields: [plainField('len', 'uint32', 4), plainField('name', 'buffer', machine.length)],
    subsections: subsections.flatMap((subsection) => {
      const fields = fieldsOf(subsection);
      return fields === undefined
        ? []
        : [{ name: `configuration/${subsection.kind}`, version: subsection.version, fields, subsections: [] }];
    }),
  };
}

function fieldsOf(subsection: ConfigurationSubsection): FieldSchema[] | undefined {
  switch (subsection.kind) {
    case 'target-page-bits':
      return [plainField('target_page_bits', 'uint32', 4)];
    case 'capabilities':
      return [
        plainField('caps_count', 'uint32', 4),
        // QEMU describes every element with the size of the first element.
        array(
          plainField('capabilities', 'capability', 1 + (subsection.names[0]?.length ?? 0)),
          subsection.names.length,
        ),
      ];
    case 'uuid':
      return [array(plainField('uuid.data', 'uint8', 1), 16)];
    case 'unknown':
      return undefined;
  }
}

function array(field: FieldSchema, count: number): FieldSchema {
  return count === 1 ? field : { ...field, count };
}
