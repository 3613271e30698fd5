// The rules that are not about names: PCI's, virtio's, those of MSI-X. Chosen by what QEMU calls the type of a field.

import { vectorsIn } from '../../../devices/pci/msix.js';
import type { FieldNode } from '../../../vmstate/index.js';
import { cures } from './cures.js';
import type { FieldRule, Layer } from './layer.js';
import { layConfig } from '../pci/pci-config.js';
import { asItStands, type Piece } from './piece.js';
import { layVirtio, virtioField, type VirtioOffers } from '../virtio/virtio.js';

export function fieldRule(offers: VirtioOffers): FieldRule {
  return (layer, donor, source) => {
    switch (typeOf(donor)) {
      case 'pci config':
        return layConfig(layer, donor, source);
      case 'msix state':
        return layVectors(layer, donor, source);
      case 'virtio':
        return layVirtio(layer, donor, source, offers);
      default:
        return virtioField(layer, donor, source, offers);
    }
  };
}

export function typeOf(node: FieldNode): string | undefined {
  return node.kind === 'leaf' ? node.field?.type : node.fields[0]?.type;
}

/** Only the same number of vectors fits. */
function layVectors(layer: Layer, donor: FieldNode, source: FieldNode): Piece | undefined {
  const count = (node: FieldNode): number => vectorsIn(node.end - node.start);
  if (count(donor) === count(source)) return undefined;
  layer.ledger.field(source, donor, {
    kind: 'conflict',
    grade: 'impossible',
    before: `${count(source)} vectors`,
    after: `${count(donor)} vectors`,
    why: 'another number of MSI-X vectors',
    cure: cures.vectors(count(source)),
  });
  return asItStands(donor, true);
}
