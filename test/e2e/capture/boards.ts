// The boards that scenarios run on: whose QEMU, how our guest gets into memory, where it prints its "R". To add one,
// add a row and a guest. Imports nothing.

export interface Board {
  /** QEMU target: the board's QEMU is `qemu-system-<target>`. */
  readonly target: string;
  readonly guest: string;
  /** Options that load the guest's file and put what it prints into the file `debugcon`. */
  readonly boot: (guest: string) => readonly string[];
}

const serial = ['-serial', 'file:debugcon'];

export const pcBoard: Board = {
  target: 'x86_64',
  guest: 'guest.bin',
  boot: (guest) => ['-bios', guest, '-debugcon', 'file:debugcon'],
};

/** QEMU's device tree lies at the start of memory. */
export const aarch64Board: Board = {
  target: 'aarch64',
  guest: 'guest-aarch64.bin',
  boot: (guest) => ['-device', `loader,file=${guest},addr=0x40100000,cpu-num=0`, ...serial],
};

/** A Cortex-M: the page size of its QEMU is 1 KiB. */
export const armBoard: Board = {
  target: 'aarch64',
  guest: 'guest-armv6m.bin',
  boot: (guest) => ['-kernel', guest, ...serial],
};

export const riscv64Board: Board = {
  target: 'riscv64',
  guest: 'guest-riscv64.bin',
  boot: (guest) => ['-bios', 'none', '-device', `loader,file=${guest},addr=0x80000000`, ...serial],
};

export const ppc64Board: Board = {
  target: 'ppc64',
  guest: 'guest-ppc64.bin',
  boot: (guest) => ['-bios', guest, ...serial],
};

export const s390xBoard: Board = {
  target: 's390x',
  guest: 'guest-s390x.bin',
  boot: (guest) => ['-bios', guest, ...serial],
};
