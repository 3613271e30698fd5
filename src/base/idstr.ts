// The idstr of a section: the path of the device, when the device has one, then the name of its vmsd. QEMU:
// vmstate_register_with_alias_id(), migration/savevm.c.

/** The name of the vmsd in an idstr: `virtio-net` of `0000:00:03.0/virtio-net`. */
export function vmsdNameOf(idstr: string): string {
  return idstr.slice(idstr.lastIndexOf('/') + 1);
}
