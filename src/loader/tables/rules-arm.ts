// The CPU's table of Arm: its registers come as a list of numbers and a list of values, which QEMU compares with its
// own. QEMU: target/arm/machine.c:cpu_post_load, target/arm/helper.c:write_list_to_cpustate.

import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { Refusal } from '../refusal.js';
import type { TableContext } from './table-context.js';
import type { TableRules } from './table-rules.js';

const NUMBERS = 'cpreg_vmstate_indexes';
const VALUES = 'cpreg_vmstate_values';
const LENGTH = 'cpreg_vmstate_array_len';

const length = ({ values }: TableContext): number | undefined => {
  const value = values.get(LENGTH);
  return value === undefined ? undefined : Number(value);
};

export const armRules: Readonly<Record<string, TableRules>> = {
  cpu: { minimumVersionId: 22, counts: { [NUMBERS]: length, [VALUES]: length }, lists: [NUMBERS, VALUES], postLoad },
};

/** A register that the stream lacks is written as 0 before 11.1, which a constant does not take. */
function postLoad(incoming: Incoming, file: QemuFile, { lists, parts, table }: TableContext): Refusal | undefined {
  const timer = 'cpu/wfxt-timer';
  if (
    parts.has(timer) &&
    incoming.behaves('wfxt-timer-optional') &&
    !table.schema.subsections.some(({ name }) => name === timer)
  )
    throw incoming.ends(file, 'aborts', 'arm-wfxt-timer');
  const numbers = lists.get(NUMBERS);
  const values = lists.get(VALUES);
  if (numbers === undefined || values === undefined || numbers.ours.length === 0) return undefined;
  const named = incoming.behaves('names-arm-registers');
  const places = new Map(numbers.ours.map((number, place) => [number, place]));
  const foreign = numbers.sent.filter((number) => !places.has(number));
  if (foreign.length > 0 && named) {
    const valuesOf = (number: bigint): { name: string } => ({
      name: `system register 0x${registerOf(number).toString(16)}`,
    });
    const last = foreign.at(-1)!;
    for (const number of foreign.slice(0, -1)) incoming.print(file, 'arm-register-only-incoming', valuesOf(number));
    return incoming.refuse(file, 'arm-register-only-incoming', valuesOf(last));
  }
  const refused = (what: string): Refusal => incoming.silent(file, 'EPERM', 'arm-registers', { what });
  if (foreign.length > 0) return refused(`it has no register 0x${foreign[0]!.toString(16)}`);
  const sent = new Set(numbers.sent);
  const lacking = numbers.ours.find((number, i) => isIdentity(number) && values.ours[i] !== 0n && !sent.has(number));
  if (lacking !== undefined && !named) return refused(`the stream has no register 0x${lacking.toString(16)}`);
  const changed = numbers.sent.find((number, i) => {
    const ours = values.ours[places.get(number)!];
    return isIdentity(number) && ours !== undefined && ours !== values.sent[i];
  });
  if (changed === undefined) return undefined;
  if (!named) return refused(`register 0x${changed.toString(16)} has another value, and cannot be written`);
  incoming.unknowns.add(
    `whether the destination takes the stream's value of the CPU register 0x${changed.toString(16)}`,
  );
  return undefined;
}

/** As QEMU prints it. QEMU: target/arm/cpregs.h:kvm_to_cpreg_id(). */
function registerOf(number: bigint): bigint {
  const low = number & 0xffff_ffffn;
  if (number >> 56n === 0x60n) return low | (1n << 28n);
  return low | (1n << 29n) | (((number >> 52n) & 0xfn) === 3n ? 1n << 15n : 0n);
}

/** Identification registers of AArch64 are constants: op0 3, CRn 0, all op1 but those of cache sizes and EL2. */
function isIdentity(number: bigint): boolean {
  if (number >> 56n !== 0x60n) return false;
  const op1 = (number >> 11n) & 7n;
  return ((number >> 14n) & 3n) === 3n && ((number >> 7n) & 0xfn) === 0n && op1 !== 2n && op1 !== 4n;
}
