// `qemu-mstream/transplant`: a saved VM carried to another QEMU.

export type { DumpField, DumpTable } from '../vmstate/index.js';
export type { OfferedFeatures } from '../destination/destination.js';
export { readVmstateTables, type TableNames, type VmstateTables } from '../destination/vmstate-tables.js';
export { compareCpu, type DestinationCpu, type ToldCpu } from '../ops/transplant/cpu.js';
export { readDonor, type Donor } from '../ops/transplant/donor.js';
export {
  type CpuAnswer,
  type DifferenceKind,
  type Grade,
  type TransplantDifference,
  type TransplantReport,
  type Trial,
  type TrialDifference,
} from '../ops/transplant/report.js';
export type { Releases } from '../ops/transplant/merge/knowledge.js';
export type { DeviceSection } from '../ops/transplant/stream/device-part.js';
export type { Patch, TrialOutcome, TrialPort } from '../ops/transplant/trial/trial.js';
export type { Region } from '../devices/pci/bars.js';
export type { PciRegion } from '../ops/transplant/pci/pci-regions.js';
export { transplant, type TransplantOptions, type TransplantResult } from '../ops/transplant/transplant.js';
