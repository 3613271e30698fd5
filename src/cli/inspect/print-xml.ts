// `mstream inspect --print-xml`: the domain XML that libvirt put before the stream.

import { withoutSecrets } from '../../container/libvirt/secrets.js';

import { printable } from '../../report/printable.js';
import { showDash } from '../args.js';
import type { Context } from '../command.js';
import { exitCode } from '../exit-code.js';
import { Failure } from '../failure.js';
import type { ContainerChoices } from '../options.js';

/** @throws Failure where no domain XML lies beside the stream; as openState */
export async function printXml(
  context: Context,
  state: string,
  choices: ContainerChoices,
  { showSecrets = false }: { readonly showSecrets?: boolean | undefined },
): Promise<void> {
  const { host } = context;
  const { layers, inner } = await context.openState(showDash(state), choices);
  await inner.close();
  const documents = layers.flatMap((layer) => layer.documents ?? []);
  const domain = documents.find(({ name }) => name === 'domain');
  if (domain === undefined)
    throw new Failure(
      exitCode.findings,
      'no-match',
      'no domain XML lies beside this stream',
      'libvirt save images have it',
    );
  const text = showSecrets ? domain.text : withoutSecrets(domain.text);
  // A file may hold what would drive a terminal; a pipe gets the XML as it is.
  await host.stdout.write(`${(host.stdout.isTTY ? printable(text) : text).trimEnd()}\n`);
}
