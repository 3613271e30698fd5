// How `npm run build:js` makes dist/: rolldown, three entries, dependencies inside, commands as chunks of their own so
// that they load when they are asked for. No part of the program.

/**
 * yargs and cli-table3 measure text with string-width, which brings every emoji there is as a regular expression and
 * ICU's segmenter: 30 ms of start, half of it while parsing, for text that is all ASCII (base/quote.ts sees to that).
 */
const asciiWidth = {
  name: 'ascii-width',
  resolveId: (id) => (id === 'string-width' ? '\0ascii-width' : undefined),
  load: (id) =>
    id === '\0ascii-width' ? "module.exports = (text) => String(text).replace(/\\u001b\\[[\\d;]*m/g, '').length;" : undefined,
};

export default {
  input: { main: 'src/main.ts', index: 'src/index.ts', qmp: 'src/qemu/qmp/index.ts' },
  platform: 'node',
  logLevel: 'warn',
  plugins: [asciiWidth],
  output: { dir: 'dist', format: 'esm', sourcemap: true },
};
