// What a virtio device behind a channel of s390x writes before the part that all virtio devices share: its subchannel,
// its indicators, its routes. QEMU: vmstate_virtio_ccw_dev, hw/s390x/virtio-ccw.c; vmstate_subch_dev, hw/s390x/css.c.

import { vmsdSize, type FieldSchema, type VmsdSchema } from '../schema.js';
import { array, field, struct, structs, table } from './rule.js';

const u8 = (name: string): FieldSchema => field(name, 'uint8', 1);
const u16 = (name: string): FieldSchema => field(name, 'uint16', 2);
const u32 = (name: string): FieldSchema => field(name, 'uint32', 4);
const u64 = (name: string): FieldSchema => field(name, 'uint64', 8);
const bool = (name: string): FieldSchema => field(name, 'bool', 1);
const of = (name: string, inner: VmsdSchema): FieldSchema => struct(name, inner, vmsdSize(inner)!);

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
const schib = table('s390_schib', [of('pmcw', pmcw), of('scsw', scsw), u64('mba'), array('mda', 'uint8', 1, 4)]);
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
const orbPart = table('s390_subch_dev/orb', [of('orb', orb)]);

const subchannelFields = [
  field('cssid', 'uint8 equal', 1),
  field('ssid', 'uint8 equal', 1),
  u16('migrated_schid'),
  field('devno', 'uint16 equal', 2),
  bool('thinint_active'),
  of('curr_status', schib),
  array('sense_data', 'uint8', 1, 32),
  u64('channel_prog'),
  of('last_cmd', ccw1),
  bool('last_cmd_valid'),
  of('id', senseId),
  bool('ccw_fmt_1'),
  u8('ccw_no_data_cnt'),
];

/** QEMU: vmstate_info_ind_addr, hw/s390x/css.c; zeros for none. */
const indicator = table('indicator', [u32('len'), u64('addr')]);

const adapterFields = [u64('ind_offset')];
const summaryPart = table('s390_adapter_info/summary_offset', [u32('summary_offset')]);

const SUBSECTION = 0x05;
const ORB_AT = vmsdSize(table('', subchannelFields))!;
/** Virtual devices of a channel subsystem live in this one. QEMU: VIRTUAL_CSSID. */
const VIRTUAL_CSSID = 0xfe;

/** Undefined when the bytes do not begin with a virtual subchannel. Reading past their end throws RangeError. */
export function ccwDevice(view: DataView): readonly FieldSchema[] | undefined {
  if (view.byteLength <= ORB_AT || view.getUint8(0) !== VIRTUAL_CSSID) return undefined;
  const subchannel = of(
    'sch',
    table('s390_subch_dev', subchannelFields, view.getUint8(ORB_AT) === SUBSECTION ? [orbPart] : []),
  );
  const front = [
    subchannel,
    of('indicators', indicator),
    of('indicators2', indicator),
    of('summary_indicator', indicator),
    u16('config_vector'),
  ];
  const summaryAt = vmsdSize(table('', [...front, ...adapterFields]))!;
  const adapter = table(
    's390_adapter_info',
    adapterFields,
    view.getUint8(summaryAt) === SUBSECTION ? [summaryPart] : [],
  );
  const routes = of('routes', table('s390_adapter_routes', [of('adapter', adapter)]));
  return [...front, routes, u8('thinint_isc'), field('revision', 'int32', 4)];
}
