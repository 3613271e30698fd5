// `qemu-mstream/vmstate`: device state. The vmdescription as a schema, payloads as trees of typed fields, edits, and
// the way back to bytes.

export { coverageOf, decodeDevice, meaningOf, type Coverage, type Meaning } from '../devices/index.js';
export {
  DeviceEdit,
  deviceLabel,
  encodeDevice,
  findDevices,
  findInDevice,
  findNodes,
  formatSchema,
  leaves,
  parseSchema,
  type ArrayBranch,
  type Branch,
  type BranchKind,
  type DescriptionSchema,
  type DeviceRules,
  type DeviceSchema,
  type DeviceState,
  type EditedDevice,
  type EditValue,
  type FieldChange,
  type FieldNode,
  type FieldSchema,
  type Layout,
  type LayoutContext,
  type Leaf,
  type LeafRole,
  type NodeBase,
  type Override,
  type Retyped,
  type Scalar,
  type ScalarKind,
  type Segment,
  type Value,
  type VmsdSchema,
} from '../vmstate/index.js';
export { readDevices, type DevicesOptions, type StreamDevices } from '../ops/devices/read-devices.js';
export { readLayouts } from '../ops/devices/schema-from.js';
export { type LayoutOrigin, type Layouts, type StreamDevice } from '../ops/devices/stream-device.js';
