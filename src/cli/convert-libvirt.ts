// The head of a libvirt image that `mstream convert` makes: the domain XML that the user gave, or that of the input.

import type { LibvirtFormat } from '../container/libvirt/header.js';
import type { LibvirtFacts } from '../container/libvirt/libvirt.js';
import { strippedXml } from '../container/libvirt/secrets.js';
import { freshHead } from '../container/libvirt/write.js';
import type { Nest } from '../container/open.js';
import { MAX_DOMAIN_XML } from '../limits.js';
import { showDash } from './args.js';
import type { Context } from './command.js';
import { single } from './options.js';
import { readWhole } from './read-whole.js';
import { UsageError } from './usage-error.js';

interface HeadOptions {
  readonly xml?: string | undefined;
  readonly strip?: boolean | undefined;
}

/** @throws UsageError without a domain XML; MigrationStreamError `cannot-encode`, `io` */
export async function libvirtHead(
  { host }: Context,
  { layers }: Pick<Nest, 'layers'>,
  options: HeadOptions,
  format: LibvirtFormat,
): Promise<Uint8Array> {
  const layer = layers.find(({ facts }) => facts.container === 'libvirt');
  const document = (name: string): string | undefined =>
    layer?.documents?.find((document) => document.name === name)?.text;
  const path = single('xml', options.xml);
  const given =
    path === undefined ? undefined : await readWhole(await host.openInput(showDash(path)), MAX_DOMAIN_XML, '--xml');
  const xml = given === undefined ? document('domain') : new TextDecoder().decode(given);
  if (xml === undefined)
    throw new UsageError(
      'the input has no domain XML',
      '--xml FILE: what `virsh dumpxml --migratable --security-info` printed',
    );
  const encoder = new TextEncoder();
  const cookie = document('cookie');
  return freshHead({
    xml: encoder.encode(options.strip === true ? strippedXml(xml) : xml),
    format,
    wasRunning: (layer?.facts as LibvirtFacts | undefined)?.wasRunning ?? true,
    cookie: cookie === undefined ? undefined : encoder.encode(cookie),
  });
}
