// Why a clone was refused, in plain words, where QEMU's text and the manifest together tell. A table: text, cause.
// Each text is QEMU's, with the function that prints it. Imports types of its own folder.

import type { Manifest } from './manifest.js';

interface Explanation {
  readonly text: RegExp;
  explain(match: RegExpExecArray, manifest: Manifest): string | undefined;
}

const explanations: readonly Explanation[] = [
  {
    // QEMU 4.0, ram_load(): the ignored byte against RAM_SHARED
    text: /RAM block (\S+) should {2}be migrated/,
    explain: ([, block]) =>
      `QEMU 4.0 wrote that ${block} was left out because it was mapped shared, and wants it mapped shared again. Clones map it privately: \`mstream rewrite STATE -o NEW --ignored ${block}=no\` makes 4.0 load it; \`--to-dialect 4.1\` makes 4.1 and later load it.`,
  },
  {
    text: /Unknown ramblock "(.?)", cannot accept migration/,
    explain: (_, manifest) =>
      manifest.dialect === 'ignore-shared-4.0'
        ? 'The state is of QEMU 4.0, whose block list has a byte more for each block; 4.1 and later cannot read it. `mstream rewrite STATE -o NEW --to-dialect 4.1` takes the bytes out.'
        : undefined,
  },
  {
    text: /Unknown ramblock "([^"]+)", cannot accept migration/,
    explain: ([, block]) => `The clone has no memory or device that owns the block ${block}: its command line lacks something that the template had.`,
  },
  {
    // qemu_ram_resize(), physmem.c; "Length mismatch" up to 5.1
    text: /(?:Size|Length) mismatch: (\S+): (0x[0-9a-f]+) (?:in )?!= (0x[0-9a-f]+)/,
    explain: ([, block, received, local]) => `Block ${block} has ${received} bytes in the state and ${local} in the clone: -m or a backend's size differs.`,
  },
  {
    text: /Capability x-ignore-shared is (\w+), but received capability is (\w+)/,
    explain: ([, local, received]) => `x-ignore-shared is ${local} at the clone and was ${received} at the template: it must be set alike before migrate-incoming.`,
  },
  {
    text: /Machine type received is '([^']*)' and local is '([^']*)'/,
    explain: ([, received, local]) => `The state is of machine ${received}, the clone is ${local}: start it with -M ${received}.`,
  },
  {
    text: /Received unknown capability (\S+)/,
    explain: ([, name]) => `This QEMU is older than the capability ${name}.`,
  },
  {
    // virtio_load(), hw/virtio/virtio.c: the ring in guest memory against the indices in the state
    text: /VQ \d+ size 0x[0-9a-f]+ < last_avail_idx/,
    explain: () => 'The memory is not the one that this state was saved with: did another VM map the memory file with share=on? `mstream template check` compares both.',
  },
  {
    text: /(Input\/output error|Getting RAM address failed)/,
    explain: () => 'The state ends too early: `mstream inspect` shows where.',
  },
];

/** Undefined: QEMU's words are all that is known. */
export function explainFailure(words: string, manifest: Manifest): string | undefined {
  for (const { text, explain } of explanations) {
    const match = text.exec(words);
    const said = match === null ? undefined : explain(match, manifest);
    if (said !== undefined) return said;
  }
  return undefined;
}
