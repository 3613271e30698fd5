// How `npm run build:js` makes dist/ (docs/adr/0008): rolldown, the command line and an entry for each sub-path of the
// library, dependencies inside, each command as a chunk that loads on demand. No part of the program.

import { readdirSync, readFileSync } from 'node:fs';

/**
 * yargs and cli-table3 measure text with string-width, which brings every emoji there is as a regular expression and
 * ICU's segmenter: 30 ms of start, half of it while parsing, for text that is all ASCII (base/quote.ts sees to that).
 */
const asciiWidth = {
  name: 'ascii-width',
  resolveId: (id) => (id === 'string-width' ? '\0ascii-width' : undefined),
  load: (id) =>
    id === '\0ascii-width'
      ? "module.exports = (text) => String(text).replace(/\\u001b\\[[\\d;]*m/g, '').length;"
      : undefined,
};

/**
 * yargs looks for its translations two folders above itself; from dist/ that is outside of this package. It speaks
 * English without them, so point it to a folder of ours that does not exist.
 */
const noTranslations = {
  name: 'no-translations',
  transform(code, id) {
    if (!id.endsWith('/yargs/lib/platform-shims/esm.mjs')) return undefined;
    const [before, after, more] = code.split("'../../../locales'");
    if (after === undefined || more !== undefined)
      this.error('yargs has moved its locales: look at src/bundle.config.mjs');
    return { code: `${before}'../locales'${after}`, map: null };
  },
};

/** dist/third-party.txt: whose code is in the bundle, and under which terms, as these terms demand. */
const notices = {
  name: 'notices',
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
    const folders = new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []));
    const source = [...new Set([...folders].map(notice))].sort().join('\n');
    this.emitFile({ type: 'asset', fileName: 'third-party.txt', source });
  },
};

function notice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file: it cannot be bundled as it is`);
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
}

export default {
  input: {
    main: 'src/main.ts',
    index: 'src/api/index.ts',
    node: 'src/api/node.ts',
    vmstate: 'src/api/vmstate.ts',
    verify: 'src/api/verify.ts',
    transplant: 'src/api/transplant.ts',
    qmp: 'src/qemu/qmp/index.ts',
  },
  platform: 'node',
  // Where node_modules is a link, the source maps must not tell where it leads.
  resolve: { symlinks: false },
  logLevel: 'warn',
  plugins: [asciiWidth, noTranslations, notices],
  output: {
    dir: 'dist',
    chunkFileNames: 'chunks/[name].js',
    format: 'esm',
    minify: { compress: true, mangle: false, codegen: true },
    sourcemap: true,
    // Every file costs Node two thirds of a millisecond, so what nearly every command needs is one, and so is the QEMU
    // driver; otherwise each set of importers makes a chunk of its own.
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        {
          name: 'common',
          test: /\/src\/(bytes\/(output-closed|node\/(existing|file|stdio|system|temp|readable))|cli\/(args|exit|failure|snapshot-word|usage|command\.|options|progress|inputs)|report\/(printable|quantity|error|saved-states|theme|table))/,
          priority: 3,
        },
        // Apart from `common`, because the portable entry needs them and may not load what needs Node.
        { name: 'base', test: /\/src\/(base\/|limits|bytes\/(abort|source|remember-head))/, priority: 3 },
        {
          name: 'machine',
          test: /\/src\/(qemu\/(?!lab)|clone\/(clone|explain|manifest|backends|memory-size|errors|median|render|template-argv))/,
          priority: 2,
        },
      ],
    },
  },
};
