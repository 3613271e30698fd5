// What stands between the header and the stream of a libvirt save image: the domain XML, the cookie, padding.

import type { ContainerNote } from '../container.js';
import type { LibvirtHeader } from './header.js';

export interface SaveData {
  readonly xml: string;
  readonly cookie: string | undefined;
  /** Of the domain. */
  readonly name: string | undefined;
  readonly machine: string | undefined;
  readonly notes: readonly ContainerNote[];
}

/** `data`: the `dataLength` bytes behind the header. Never throws: what is odd becomes a note. */
export function dataOf({ dataLength, cookieOffset }: LibvirtHeader, data: Uint8Array): SaveData {
  const notes: ContainerNote[] = [];
  const cookieInside = cookieOffset > 0 && cookieOffset < dataLength;
  if (dataLength === 0) notes.push({ code: 'no-xml', message: 'no domain XML: libvirt refuses the image' });
  else if (cookieOffset >= dataLength)
    notes.push({
      code: 'cookie-outside',
      message: `the cookie is said to stand at ${cookieOffset}, behind the ${dataLength} bytes that could hold it`,
    });
  const xml = text(data, 0, cookieInside ? cookieOffset : dataLength);
  if (dataLength > 0 && !xml.terminated)
    notes.push({ code: 'xml-not-terminated', message: 'no NUL behind the domain XML: libvirt reads past its buffer' });
  return {
    xml: xml.text,
    cookie: cookieInside ? text(data, cookieOffset, dataLength).text : undefined,
    name: /<name>([^<]{1,200})<\/name>/.exec(xml.text)?.[1],
    machine: /<type\b[^>]{0,200}\bmachine=['"]([^'"]{1,200})['"]/.exec(xml.text)?.[1],
    notes,
  };
}

function text(data: Uint8Array, start: number, end: number): { text: string; terminated: boolean } {
  const area = data.subarray(start, end);
  const nul = area.indexOf(0);
  return { text: new TextDecoder().decode(nul === -1 ? area : area.subarray(0, nul)), terminated: nul !== -1 };
}
