// What QEMU's human monitor prints of registers and PCI devices, taken apart, and the paths of the same registers in
// device state. Imports nothing.

/** `info registers -a`: of each CPU, the numbers behind each name. */
export function parseRegisters(text: string): ReadonlyMap<string, readonly string[]>[] {
  const cpus = text.split(/^CPU#\d+/m).slice(1);
  // 5.2 prints both halves of an XMM register in one.
  const numbers = (digits: string): string[] =>
    digits.length === 32 ? [digits.slice(0, 16), digits.slice(16)] : digits.split(' ');
  return cpus.map(
    (cpu) =>
      new Map(
        [...cpu.matchAll(/([A-Z][A-Z0-9]*) ?= *((?:[0-9a-f]+ ?)+)/g)].map((match) => [
          match[1]!,
          numbers(match[2]!.trim()),
        ]),
      ),
  );
}

/** `RAX`, and `EAX` where the CPU is not in 64-bit mode. */
const general = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI'];
const segments = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'];

export interface RegisterPath {
  /** In the monitor, without `R` or `E`. */
  readonly name: string;
  /** Which of its numbers. */
  readonly at: number;
  /** In the device `cpu`. */
  readonly path: string;
  /** What is shown of the value; all of it by default. */
  readonly mask?: bigint;
}

/** All that `info registers` shows of a CPU's own state, and where device state keeps it. */
export function registerPaths(): RegisterPath[] {
  const table = (name: string, path: string): RegisterPath[] => [
    { name, at: 0, path: `${path}.selector` },
    { name, at: 1, path: `${path}.base` },
    { name, at: 2, path: `${path}.limit` },
    { name, at: 3, path: `${path}.flags`, mask: 0xffff00n },
  ];
  return [
    ...general.map((name, index) => ({ name, at: 0, path: `env.regs[${index}]` })),
    { name: 'IP', at: 0, path: 'env.eip' },
    { name: 'FL', at: 0, path: 'env.eflags' },
    ...segments.flatMap((name, index) => table(name, `env.segs[${index}]`)),
    ...table('LDT', 'env.ldt'),
    ...table('TR', 'env.tr'),
    ...['GDT', 'IDT'].flatMap((name) =>
      ['base', 'limit'].map((field, at) => ({ name, at, path: `env.${name.toLowerCase()}.${field}` })),
    ),
    ...[0, 2, 3, 4].map((index) => ({ name: `CR${index}`, at: 0, path: `env.cr[${index}]` })),
    ...[0, 1, 2, 3, 6, 7].map((index) => ({ name: `DR${index}`, at: 0, path: `env.dr[${index}]` })),
    { name: 'EFER', at: 0, path: 'env.efer' },
    { name: 'FCW', at: 0, path: 'env.fpuc' },
    { name: 'MXCSR', at: 0, path: 'env.mxcsr' },
    ...Array.from({ length: 8 }, (_, index) =>
      [1, 0].map((half, at) => ({ name: `XMM0${index}`, at, path: `env.xmm_regs[0][${index}]._q_ZMMReg[${half}]` })),
    ).flat(),
  ];
}

export interface PciBar {
  readonly index: number;
  /** As QEMU calls it, e.g. `64 bit prefetchable memory`. */
  readonly kind: string;
  readonly address: bigint;
}

export interface PciFunction {
  readonly bus: number;
  readonly device: number;
  readonly function: number;
  readonly vendorId: number;
  readonly deviceId: number;
  readonly irq: number | undefined;
  readonly pin: string | undefined;
  readonly secondaryBus: number | undefined;
  readonly bars: readonly PciBar[];
}

/** `info pci`, in its order. */
export function parsePci(text: string): PciFunction[] {
  const parts = text.split(/^ *Bus +(\d+), device +(\d+), function (\d+):/m);
  const found: PciFunction[] = [];
  for (let at = 1; at + 3 < parts.length; at += 4) {
    const body = parts[at + 3]!;
    const id = /PCI device ([0-9a-f]{4}):([0-9a-f]{4})/.exec(body);
    const irq = /IRQ (\d+), pin (\w)/.exec(body);
    const secondary = /secondary bus (\d+)/.exec(body)?.[1];
    found.push({
      bus: Number(parts[at]),
      device: Number(parts[at + 1]),
      function: Number(parts[at + 2]),
      vendorId: Number.parseInt(id?.[1] ?? '', 16),
      deviceId: Number.parseInt(id?.[2] ?? '', 16),
      irq: irq === null ? undefined : Number(irq[1]),
      pin: irq?.[2],
      secondaryBus: secondary === undefined ? undefined : Number(secondary),
      bars: [...body.matchAll(/BAR(\d): (.*?) at 0x([0-9a-f]+)/g)].map((bar) => ({
        index: Number(bar[1]),
        kind: bar[2]!,
        address: BigInt(`0x${bar[3]}`),
      })),
    });
  }
  return found;
}
