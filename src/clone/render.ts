// Templates, clones and clone-tests as text and as JSON documents.

import { cureText } from '../report/hints.js';
import { escapeText } from '../base/quote.js';
import { printable } from '../report/printable.js';
import { bytesText, humanBytes } from '../report/quantity.js';
import { renderTable } from '../report/table.js';
import type { Theme } from '../report/theme.js';
import type { TemplateFinding } from './check.js';
import type { CloneResult } from './clone.js';
import type { Manifest } from './manifest.js';
import { median } from './median.js';
import type { ScenarioResult } from './scenario.js';

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

export async function manifestText(manifest: Manifest, theme: Theme): Promise<string> {
  const fact = (label: string, text: string): string => `  ${theme.label(label.padEnd(13))} ${printable(text)}`;
  const memory = Object.entries(manifest.memory).map(([id, file]) =>
    fact(`memory ${id}`, `${file.path}, ${bytesText(file.size)}`),
  );
  const rows = manifest.blocks.map((block) => [
    theme.name(escapeText(block.idstr)),
    humanBytes(block.usedLength),
    block.gpa ?? '',
    block.ignored === true ? theme.good('in its file') : block.ignored === false ? 'in the state' : 'unknown',
  ]);
  const table = await renderTable(
    [{ title: 'block' }, { title: 'size', align: 'right' }, { title: 'address' }, { title: 'memory' }],
    rows,
    theme,
  );
  const lines = [
    theme.heading('Template'),
    fact('machine', manifest.machine ?? 'unknown'),
    fact('made by', `QEMU ${manifest.qemu.version} ${manifest.qemu.package}`),
    fact('made at', manifest.created),
    fact('cpu', `${manifest.cpu.model ?? "QEMU's default"}, ${manifest.cpu.accelerator}`),
    fact('capabilities', manifest.capabilities.join(', ')),
    fact(
      'state',
      `${manifest.state.path}, ${bytesText(manifest.state.size)}, ${manifest.dialect ?? 'unknown dialect'}`,
    ),
    ...memory,
    '',
    ...table,
  ];
  return `${lines.join('\n')}\n`;
}

export function findingsText(folder: string, findings: readonly TemplateFinding[], theme: Theme): string {
  if (findings.length === 0)
    return `${theme.good('ok')} ${printable(folder)}: files, sizes, hashes and blocks are what the manifest says\n`;
  return findings
    .map(({ severity, code, file, message, cure }) => {
      const mark = severity === 'error' ? theme.error(`${code}:`) : theme.warning(`${code}:`);
      return `${mark} ${printable(file)}: ${printable(message)}\n  ${theme.label('cure:')} ${printable(cureText(cure))}\n`;
    })
    .join('');
}

export function cloneLine(result: CloneResult, theme: Theme): string {
  const name = theme.strong(`clone ${result.number}`);
  if (!result.ok) {
    const why = result.explanation === undefined ? '' : `  ${theme.label('why:')} ${printable(result.explanation)}\n`;
    return `${name} ${theme.error('failed:')} ${printable(result.error.message).replaceAll('\n', '\n  ')}\n${why}`;
  }
  const { launch, load, resume } = result.phases;
  const times = [`launch ${ms(launch)}`, `load ${ms(load)}`, ...(resume === undefined ? [] : [`resume ${ms(resume)}`])];
  return `${name} pid ${result.pid}  ${times.join(', ')}  ${theme.dim(printable(result.socket))}\n`;
}

/** The last line: medians. */
export function cloneTimes(results: readonly CloneResult[], theme: Theme): string {
  const good = results.filter((result) => result.ok);
  if (good.length < 2) return '';
  const [launch, load] = [
    median(good.map((clone) => clone.phases.launch)),
    median(good.map((clone) => clone.phases.load)),
  ];
  return `${theme.label('median')} of ${good.length}: launch ${ms(launch)}, load ${ms(load)}\n`;
}

export function clonesDocument(results: readonly CloneResult[]): object {
  return {
    schemaVersion: 1,
    kind: 'mstream-clones',
    clones: results.map((result) =>
      result.ok
        ? {
            number: result.number,
            ok: true,
            pid: result.pid,
            socket: result.socket,
            phases: { ...result.phases, resume: result.phases.resume ?? null },
          }
        : { number: result.number, ok: false, error: result.error.message, explanation: result.explanation ?? null },
    ),
  };
}

export async function cloneTestText(results: readonly ScenarioResult[], theme: Theme): Promise<string> {
  const parts: string[] = [];
  for (const result of results) {
    const bad = result.checks.filter((check) => !check.ok).length;
    const verdict =
      result.failure !== undefined
        ? theme.error('failed')
        : bad > 0
          ? theme.error(`${bad} of ${result.checks.length} checks failed`)
          : theme.good(`${result.checks.length} checks ok`);
    parts.push(`${theme.heading(`QEMU ${result.qemu}, ${result.machine}, ${result.count} clones`)}: ${verdict}`);
    if (result.failure !== undefined) parts.push(`  ${printable(result.failure)}`);
    const rows = result.checks.map((check) => [
      check.ok ? theme.good('ok') : theme.error('FAILED'),
      check.name,
      theme.dim(printable(check.detail)),
    ]);
    parts.push(...(await renderTable([{ title: '' }, { title: 'check' }, { title: '' }], rows, theme)));
    if (result.times !== undefined) {
      const { template, launch, load, resume, fullSave, fullRestore } = result.times;
      parts.push(
        `  template ${ms(template)}; a clone: launch ${ms(launch)}, load ${ms(load)}, resume ${ms(resume)}; in full: save ${ms(fullSave)}, restore ${ms(fullRestore)}`,
      );
      parts.push(`  state ${bytesText(result.stateSize)}, a full save ${bytesText(result.fullSize)}`);
    }
    parts.push('');
  }
  return `${parts.join('\n')}\n`;
}

export function cloneTestMarkdown(results: readonly ScenarioResult[]): string {
  const rows = results.map((result) => {
    const bad = result.checks.filter((check) => !check.ok);
    const verdict =
      result.failure ??
      (bad.length === 0 ? `${result.checks.length} checks ok` : bad.map((check) => check.name).join('; '));
    const times = result.times;
    const cells =
      times === undefined
        ? ['', '', '', '']
        : [ms(times.launch), ms(times.load), ms(times.resume), ms(times.fullRestore)];
    return `| ${[result.qemu, result.machine, String(result.count), ...cells, verdict].join(' | ')} |`;
  });
  return [
    '| QEMU | machine | clones | launch | load | resume | full restore | verdict |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

export function cloneTestDocument(results: readonly ScenarioResult[]): object {
  return {
    schemaVersion: 1,
    kind: 'mstream-clone-test',
    scenarios: results.map((result) => ({ ...result, times: result.times ?? null, failure: result.failure ?? null })),
  };
}
