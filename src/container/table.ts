// Every container that can be opened, one row each. The order is that of recognition: what has a magic comes first.

import type { Container } from './container.js';
import { compressionContainer } from './compression/compression.js';
import { libvirtContainer } from './libvirt/libvirt.js';
import { offsetContainer } from './offset/offset.js';
import { qcow2Container } from './qcow2/qcow2.js';
import { tarContainer } from './tar/tar.js';

export const containers: readonly Container[] = [
  libvirtContainer,
  qcow2Container,
  compressionContainer,
  tarContainer,
  offsetContainer,
];
