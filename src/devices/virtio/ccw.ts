// What a virtio device behind a channel of s390x writes before the state that all virtio devices share: its subchannel,
// its indicators, its routes. QEMU: vmstate_virtio_ccw_dev, hw/s390x/virtio-ccw.c.

import type { FieldSchema } from '../../vmstate/index.js';
import { field, inner, sizeOf, u16, u8 } from '../rule.js';
import { adapterRoutes, indicator, subchannel } from '../s390/subchannel.js';

/** Undefined when the bytes do not begin with a virtual subchannel. @throws RangeError past their end */
export function ccwFields(view: DataView): readonly FieldSchema[] | undefined {
  const sch = subchannel(view);
  if (sch === undefined) return undefined;
  const indicators = ['indicators', 'indicators2', 'summary_indicator'].map((name) => inner(name, indicator));
  const front = [sch, ...indicators, u16('config_vector')];
  return [...front, adapterRoutes(view, sizeOf(front)), u8('thinint_isc'), field('revision', 'int32', 4)];
}
