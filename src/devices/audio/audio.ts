// Sound: rings of samples in the format that the guest chose, mixer registers by index. QEMU: vmstate_hda_audio_stream,
// hw/audio/hda-codec.c; vmstate_sb16, hw/audio/sb16.c; vmstate_ac97, hw/audio/ac97.c. The format word is that of the
// HDA specification, 3.7.1.

import type { FieldNode } from '../../vmstate/index.js';
import { filled, numberIn, ring } from '../bytes.js';
import type { ByteRow, Decoder, Sibling } from '../rule.js';

interface Format {
  /** Bytes of a sample. */
  readonly width: number;
  readonly channels: number;
  readonly text: string;
}

/** The format word stands in the stream's own table, which the buffer's is a subsection of. */
function formatOf(array: FieldNode): Format | undefined {
  for (let above = array.parent; above !== undefined; above = above.parent) {
    if (above.vmsd?.name === 'hda-audio-stream') return parse(numberIn(above, 'format'));
  }
  return undefined;
}

function parse(word: number | undefined): Format | undefined {
  const bits = [8, 16, 20, 24, 32][((word ?? 0) >> 4) & 7];
  if (word === undefined || bits === undefined || (word & 0x8000) !== 0) return undefined;
  const channels = (word & 0xf) + 1;
  const rate = (((word & 0x4000) === 0 ? 48_000 : 44_100) * (((word >> 11) & 7) + 1)) / (((word >> 8) & 7) + 1);
  return {
    width: bits === 8 ? 1 : bits === 16 ? 2 : 4,
    channels,
    text: `${bits} bit, ${channels} channels, ${Math.round(rate)} Hz`,
  };
}

/** Which byte of which sample. */
function sample(index: number, array: FieldNode): string | undefined {
  const format = formatOf(array);
  if (format === undefined) return undefined;
  const whole = Math.floor(index / format.width);
  return `frame ${Math.floor(whole / format.channels)}, channel ${whole % format.channels}, byte ${index % format.width}`;
}

/** The shape's words, and the format's. */
function samples(row: Pick<ByteRow, 'vmsd' | 'field' | 'label'>, shape: Pick<ByteRow, 'text' | 'element'>): ByteRow {
  const join = (...parts: readonly (string | undefined)[]): string =>
    parts.filter((part) => part !== undefined).join('; ');
  return {
    ...row,
    text: (bytes, sibling, array) => join(formatOf(array)?.text, shape.text?.(bytes, sibling, array)),
    element: (index, sibling, array) => join(sample(index, array), shape.element?.(index, sibling, array)),
  };
}

const ringState = (sibling: Sibling): { first: number | undefined; count: number | undefined } => {
  const [from, to] = [sibling('rpos'), sibling('wpos')];
  return { first: from, count: from === undefined || to === undefined ? undefined : to - from };
};

export const audio: Decoder = {
  bytes: [
    samples({ vmsd: 'hda-audio-stream/buffer', field: 'buf', label: 'samples' }, ring(ringState)),
    samples(
      { vmsd: 'hda-audio-stream', field: 'compat_buf', label: 'samples' },
      filled((sibling) => sibling('compat_bpos')),
    ),
    {
      vmsd: 'sb16',
      field: 'mixer_regs',
      label: 'mixer registers',
      element: (index) => `register 0x${index.toString(16)}`,
    },
    {
      vmsd: 'sb16',
      field: 'csp_regs',
      label: 'signal processor registers',
      element: (index) => `register 0x${index.toString(16)}`,
    },
    { vmsd: 'sb16', field: 'csp_reg83', label: 'signal processor register 0x83', element: (index) => `write ${index}` },
    { vmsd: 'sb16', field: 'in2_data', label: 'parameters of a command', ...filled((sibling) => sibling('in_index')) },
    { vmsd: 'sb16', field: 'out_data', label: 'answer of a command', ...filled((sibling) => sibling('out_data_len')) },
    {
      vmsd: 'ac97',
      field: 'mixer_data',
      label: 'codec registers',
      element: (index) => `register 0x${(index & ~1).toString(16)}, ${index % 2 === 0 ? 'low' : 'high'}`,
    },
  ],
};
