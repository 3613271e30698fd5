// Device state: the vmdescription as a schema, payloads as trees of typed fields, edits, and the way back to bytes.
// Knowledge about single devices is in devices/.

export { readJson } from './json-scanner.js';
export { parseSchema } from './parse-schema.js';
export { readDump, type DumpField, type DumpTable } from './dump.js';
export { formatSchema } from './format-schema.js';
export { configurationSchema } from './configuration-schema.js';
export { DeviceEntries } from './device-entries.js';
export {
  fieldSize,
  plainField,
  targetPageSizeOf,
  subsectionHeaderSize,
  vmsdSize,
  type DescriptionSchema,
  type DeviceSchema,
  type FieldSchema,
  type VmsdSchema,
} from './schema.js';
export { decodeWith } from './walk.js';
export type { DeviceRules, Layout, LayoutContext, Retyped } from './rules.js';
export {
  ArrayBranch,
  Branch,
  deviceLabel,
  isTimer,
  Leaf,
  leaves,
  visitLeaves,
  type BranchKind,
  type DeviceState,
  type FieldNode,
  type LeafRole,
  type NodeBase,
  type Segment,
} from './node.js';
export {
  NULL_MARK,
  PRESENT_MARK,
  scalarNamed,
  scalarNames,
  type Scalar,
  type ScalarKind,
  type Value,
} from './scalars.js';
export { encodeDevice, type Override } from './encode.js';
export { findDevices, findInDevice, findNodes } from './select.js';
export { DeviceEdit, type EditedDevice, type FieldChange } from './edit.js';
export type { EditValue } from './edit-value.js';
