// A subchannel, as every device of a channel subsystem writes it, and the adapter's routes. QEMU: vmstate_subch_dev,
// vmstate_info_ind_addr, hw/s390x/css.c.

import type { FieldSchema } from '../../vmstate/index.js';
import { sectionType } from '../../wire/section.js';
import { array, bool, field, inner, sizeOf, structs, table, u16, u32, u64, u8 } from '../rule.js';

const pmcw = table('s390_pmcw', [
  u32('intparm'),
  u16('flags'),
  u16('devno'),
  u8('lpm'),
  u8('pnom'),
  u8('lpum'),
  u8('pim'),
  u16('mbi'),
  u8('pom'),
  u8('pam'),
  array('chpid', 'uint8', 1, 8),
  u32('chars'),
]);
const scsw = table('s390_scsw', [u16('flags'), u16('ctrl'), u32('cpa'), u8('dstat'), u8('cstat'), u16('count')]);
const schib = table('s390_schib', [inner('pmcw', pmcw), inner('scsw', scsw), u64('mba'), array('mda', 'uint8', 1, 4)]);
const ccw1 = table('s390_ccw1', [u8('cmd_code'), u8('flags'), u16('count'), u32('cda')]);
const ciw = table('s390_ciw', [u8('type'), u8('command'), u16('count')]);
/** QEMU: MAX_CIWS. */
const CIWS = 62;
const senseId = table('s390_sense_id', [
  u8('reserved'),
  u16('cu_type'),
  u8('cu_model'),
  u16('dev_type'),
  u8('dev_model'),
  u8('unused'),
  structs('ciw', ciw, 4, CIWS),
]);
const orb = table('s390_orb', [u32('intparm'), u16('ctrl0'), u8('lpm'), u8('ctrl1'), u32('cpa')]);
/** Since 2.10. */
const orbSubsection = table('s390_subch_dev/orb', [inner('orb', orb)]);

const subchannelFields = [
  field('cssid', 'uint8 equal', 1),
  field('ssid', 'uint8 equal', 1),
  u16('migrated_schid'),
  field('devno', 'uint16 equal', 2),
  bool('thinint_active'),
  inner('curr_status', schib),
  array('sense_data', 'uint8', 1, 32),
  u64('channel_prog'),
  inner('last_cmd', ccw1),
  bool('last_cmd_valid'),
  inner('id', senseId),
  bool('ccw_fmt_1'),
  u8('ccw_no_data_cnt'),
];

/** Virtual devices of a channel subsystem live in this image. QEMU: VIRTUAL_CSSID. */
const VIRTUAL_CSSID = 0xfe;

/** An indicator of the adapter; zeros for none. */
export const indicator = table('indicator', [u32('len'), u64('addr')]);

/** Undefined when the bytes do not begin with a virtual subchannel. @throws RangeError past their end */
export function subchannel(view: DataView): FieldSchema | undefined {
  const end = sizeOf(subchannelFields);
  if (view.byteLength <= end || view.getUint8(0) !== VIRTUAL_CSSID) return undefined;
  return inner('sch', table('s390_subch_dev', subchannelFields, hasSubsection(view, end) ? [orbSubsection] : []));
}

const adapterFields = [u64('ind_offset')];
const summaryOffset = table('s390_adapter_info/summary_offset', [u32('summary_offset')]);

/** The routes of an adapter, which begin at `at`. */
export function adapterRoutes(view: DataView, at: number): FieldSchema {
  const subsections = hasSubsection(view, at + sizeOf(adapterFields)) ? [summaryOffset] : [];
  const adapter = table('s390_adapter_info', adapterFields, subsections);
  return inner('routes', table('s390_adapter_routes', [inner('adapter', adapter)]));
}

function hasSubsection(view: DataView, at: number): boolean {
  return view.getUint8(at) === sectionType.subsection;
}
