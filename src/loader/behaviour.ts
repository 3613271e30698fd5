// What differs between QEMU versions while they load a stream, as data. Each range was read in the sources of 4.0, 5.2, 7.2 and
// 10.0 (migration/savevm.c, ram.c, vmstate.c), 11.1 was watched from outside; what lies between is inferred. Imports nothing.

export interface Behaviour {
  /** First version that it holds for. */
  readonly since: number;
  /** 10.2+: errors of savevm.c and vmstate.c are one chain on one line. savevm.c. */
  readonly chained: boolean;
  /** Capabilities that the stream's list is held against. savevm.c:should_validate_capability(). */
  readonly validated: readonly string[];
  /** MIG_CMD_MAX. savevm.c. */
  readonly commands: number;
  /** 4.0 only: a byte behind the gpa says whether the block was ignored. ram.c:ram_load_precopy(). */
  readonly ignoredByte: boolean;
  /** Up to 8.1 an entry of the block list is read to its end after the first error. ram.c. */
  readonly entryGoesOn: boolean;
  /** 11.1: the address is compared before the length. Run. */
  readonly gpaFirst: boolean;
  /** The list has page sizes after any ADVISE, capability or not. ram.c, up to 5.2. */
  readonly pageSizesByAdvise: boolean;
  /** The stream's end is looked for after each record's address. ram.c, 9.0+. */
  readonly addressChecked: boolean;
  /** A ZERO record must be of zeros. ram.c, 8.2+. */
  readonly zeroFill: boolean;
  /** COMPRESS_PAGE exists. ram.c, up to 9.0. */
  readonly compress: boolean;
  /** MULTIFD_FLUSH exists. ram.c, 8.1+. */
  readonly multifdFlush: boolean;
  /** `exact`: 0x80 alone and 0xa0 pass silently; `any`: a word that contains it fails without a word. ram.c. */
  readonly hook: 'any' | 'exact-fails' | 'exact';
  /** migration/global_state.c: run state in 100 bytes, or (9.0+) 32 and a flag. */
  readonly runStateSize: number;
  /** ENABLE_COLO. savevm.c; 11.1: run. */
  readonly colo: 'accepted' | 'needs-capability' | 'deprecated';
  /** Return path gone: POSTCOPY_RUN too early aborts. savevm.c:postcopy_pause_incoming(), 4.0 and 4.1. */
  readonly runAborts: boolean;
  /** A length of 2 GiB and more ends the process; after 10.0 it is refused. run. */
  readonly hugeLengthAborts: boolean;
}

const v40: Behaviour = {
  since: 40000,
  chained: false,
  validated: ['x-ignore-shared'],
  commands: 11,
  ignoredByte: true,
  entryGoesOn: true,
  gpaFirst: false,
  pageSizesByAdvise: true,
  addressChecked: false,
  zeroFill: false,
  compress: true,
  multifdFlush: false,
  hook: 'any',
  runStateSize: 100,
  colo: 'accepted',
  runAborts: true,
  hugeLengthAborts: true,
};
const v41: Behaviour = { ...v40, since: 40100, ignoredByte: false };
const v42: Behaviour = { ...v41, since: 40200, runAborts: false };
const v60: Behaviour = { ...v42, since: 60000, pageSizesByAdvise: false };
const v81: Behaviour = { ...v60, since: 80100, multifdFlush: true, hook: 'exact-fails', colo: 'needs-capability' };
const v82: Behaviour = { ...v81, since: 80200, entryGoesOn: false, zeroFill: true, hook: 'exact' };
const v90: Behaviour = {
  ...v82,
  since: 90000,
  validated: ['x-ignore-shared', 'mapped-ram'],
  addressChecked: true,
  runStateSize: 32,
};
const v91: Behaviour = { ...v90, since: 90100, compress: false };
const v100: Behaviour = { ...v91, since: 100000, commands: 12 };
const v102: Behaviour = { ...v100, since: 100200, chained: true };
const v110: Behaviour = { ...v102, since: 110000, gpaFirst: true, colo: 'deprecated', hugeLengthAborts: false };

const all: readonly Behaviour[] = [v110, v102, v100, v91, v90, v82, v81, v60, v42, v41, v40];

/** Of that version; the oldest known for what is older. */
export function behaviourOf(version: number): Behaviour {
  return all.find(({ since }) => version >= since) ?? v40;
}
