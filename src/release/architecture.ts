// The architectures of QEMU's targets, as far as these tables tell them apart, and how one shows itself: by the
// target's name, by the machine type, by the fields of its CPU in a vmdescription. No stream names its architecture.

export type Architecture = 'x86' | 'arm' | 'ppc' | 's390x' | 'riscv' | 'm68k';

/** QEMU's targets (`qemu-system-TARGET`). */
const targets: Readonly<Record<string, Architecture>> = {
  x86_64: 'x86',
  i386: 'x86',
  aarch64: 'arm',
  arm: 'arm',
  ppc64: 'ppc',
  ppc: 'ppc',
  s390x: 's390x',
  riscv64: 'riscv',
  riscv32: 'riscv',
  m68k: 'm68k',
};

/** Undefined: a target that these tables do not describe. */
export function architectureOfTarget(target: string): Architecture | undefined {
  return targets[target];
}

/** The usual target of an architecture. */
export const mainTarget: Readonly<Record<Architecture, string>> = {
  x86: 'x86_64',
  arm: 'aarch64',
  ppc: 'ppc64',
  s390x: 's390x',
  riscv: 'riscv64',
  m68k: 'm68k',
};

/** A field of the table `cpu` that one architecture alone has. QEMU: target/ARCHITECTURE/machine.c. */
const cpuFields: readonly (readonly [field: string, Architecture])[] = [
  ['env.eip', 'x86'],
  ['cpreg_vmstate_array_len', 'arm'],
  ['env.nip', 'ppc'],
  ['env.psw.mask', 's390x'],
  ['env.priv', 'riscv'],
  ['env.dregs', 'm68k'],
];

/** Machine types that one architecture alone has. */
const machines: readonly (readonly [name: RegExp, Architecture])[] = [
  [/^(?:pc|pc-.*|q35|microvm|isapc|xenfv.*|x-remote|nitro|nitro-enclave)$/, 'x86'],
  [/^(?:pseries(?:-.*)?|powernv\d*)$/, 'ppc'],
  [/^s390-ccw-virtio(?:-.*)?$/, 's390x'],
  [/^q800$/, 'm68k'],
];

/**
 * `machine`: as the stream names it. `hasName`: does a name stand in the vmdescription?
 * Undefined: neither tells.
 */
export function architectureOf(
  machine: string | undefined,
  hasName: ((name: string) => boolean) | undefined,
): Architecture | undefined {
  const byField = hasName === undefined ? undefined : cpuFields.find(([field]) => hasName(field));
  if (byField !== undefined) return byField[1];
  return machine === undefined ? undefined : machines.find(([name]) => name.test(machine))?.[1];
}

/** `tables`: of the devices of a state, as its vmdescription has them. */
export function architectureOfTables(
  machine: string | undefined,
  tables: readonly { readonly name: string; readonly fields: readonly { readonly name: string }[] }[],
): Architecture | undefined {
  const cpus = tables.filter(({ name }) => name === 'cpu');
  return architectureOf(machine, (name) => cpus.some(({ fields }) => fields.some((field) => field.name === name)));
}

/** Asks the JSON of a vmdescription, as bytes, for a name in quotes. */
export function namesIn(json: Uint8Array): (name: string) => boolean {
  const text = new TextDecoder('latin1').decode(json);
  return (name) => text.includes(`"${name}"`);
}
