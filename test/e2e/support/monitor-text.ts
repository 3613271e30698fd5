// What QEMU's human monitor prints of registers and PCI devices, taken apart. Imports nothing.

/** `info registers -a`: of each CPU, the numbers behind each name. */
export function parseRegisters(text: string): ReadonlyMap<string, readonly string[]>[] {
  const cpus = text.split(/^CPU#\d+/m).slice(1);
  // 5.2 prints both halves of an XMM register in one.
  const numbers = (digits: string): string[] => (digits.length === 32 ? [digits.slice(0, 16), digits.slice(16)] : digits.split(' '));
  return cpus.map((cpu) => new Map([...cpu.matchAll(/([A-Z][A-Z0-9]*) ?= *((?:[0-9a-f]+ ?)+)/g)].map((match) => [match[1]!, numbers(match[2]!.trim())])));
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
      bars: [...body.matchAll(/BAR(\d): (.*?) at 0x([0-9a-f]+)/g)].map((bar) => ({ index: Number(bar[1]), kind: bar[2]!, address: BigInt(`0x${bar[3]}`) })),
    });
  }
  return found;
}
