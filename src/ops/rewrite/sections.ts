// Edits of whole items: sections dropped or renamed, commands dropped, footers on or off, the vmdescription dropped or
// kept true. QEMU never looks at the vmdescription; tools do, and mstream itself finds payloads by it.

import { Refused } from '../../base/refused.js';
import { equalBytes } from '../../base/bytes.js';
import { quote } from '../../base/quote.js';
import type { StreamEvent } from '../../stream/event.js';
import { commandName, migCommand } from '../../wire/command.js';
import type { Configuration } from '../../wire/configuration.js';
import type { SectionHeader } from '../../wire/section.js';
import { editDescription } from './description-edit.js';
import { editsOf, mapEvents, refuse, type Plan, type Transform } from './transform.js';

export function sectionEdits(plan: Plan): Transform | undefined {
  const drops = editsOf(plan, 'drop-section');
  const renames = editsOf(plan, 'rename-section');
  const [footers] = editsOf(plan, 'footers');
  if (drops.length + renames.length === 0 && footers === undefined) return undefined;
  let dropping = false;
  const names = new Set<string>();
  return mapEvents((event) => {
    if (event.kind === 'section-open') {
      const drop = drops.find(matches(event.section));
      dropping = drop !== undefined;
      if (drop !== undefined) {
        plan.matched(drop);
        dropSection(plan, event);
        return undefined;
      }
      const rename = renames.find(matches(event.section));
      const { idstr, instanceId } = event.section;
      if (event.type === 'start' || event.type === 'full') {
        const name = `${instanceId}/${rename?.to ?? idstr}`;
        if (renames.length > 0 && names.has(name))
          refuse(
            plan,
            `there would be two sections ${quote(rename?.to ?? idstr)} ${instanceId}: a destination takes the last of them`,
          );
        names.add(name);
      }
      if (rename !== undefined) {
        plan.matched(rename);
        if (idstr === 'ram' || rename.to === 'ram')
          throw new Refused('refused', 'only memory is called "ram", and it is called nothing else');
        plan.note({
          edit: 'rename-section',
          span: event.span,
          what: 'idstr',
          before: quote(event.section.idstr),
          after: quote(rename.to),
          why: 'a destination looks devices up by idstr and instance',
        });
        return { ...event, section: { ...event.section, idstr: rename.to } };
      }
    }
    if (event.kind === 'section-close') {
      if (dropping) {
        dropping = false;
        return undefined;
      }
      if (footers === undefined) return event;
      plan.matched(footers);
      if (footers.footers === event.footer) return event;
      plan.note({
        edit: 'footers',
        span: event.span,
        what: 'section footer',
        before: event.footer ? '7e …' : 'none',
        after: footers.footers ? '7e …' : 'none',
        why: 'migration.send-section-footer of the destination decides what it expects',
      });
      return { ...event, footer: footers.footers };
    }
    return dropping && event.kind !== 'dialect' && event.kind !== 'warning' ? undefined : event;
  });
}

function dropSection(plan: Plan, event: Extract<StreamEvent, { kind: 'section-open' }>): void {
  const { idstr, instanceId } = event.section;
  if (idstr === 'ram') refuse(plan, 'without its "ram" sections QEMU loads the stream, and the guest has no memory');
  if (event.type === 'start' || event.type === 'full') {
    plan.note({
      edit: 'drop-section',
      span: event.span,
      what: `section ${quote(idstr)} ${instanceId}`,
      before: 'present',
      after: 'dropped',
      why: 'a destination keeps its own state of a device that the stream lacks',
    });
  }
}

export function commandEdits(plan: Plan): Transform | undefined {
  const drops = editsOf(plan, 'drop-command');
  if (drops.length === 0) return undefined;
  const gone = new Set<number>();
  return mapEvents((event) => {
    if (
      event.kind === 'ram-blocks' &&
      gone.has(migCommand.postcopyAdvise) &&
      event.blocks.some((block) => block.pageSize !== undefined)
    ) {
      refuse(plan, 'without POSTCOPY_ADVISE the page sizes in the block list would be misread');
    }
    if (event.kind !== 'command') return event;
    const { command } = event;
    const drop = drops.find((edit) => edit.command === command);
    if (drop === undefined) {
      const need = needs.find((row) => row.command === command && gone.has(row.before));
      if (need !== undefined)
        refuse(plan, `${commandName(command)} without ${commandName(need.before)}: QEMU says "${need.words}"`, {
          code: 'drop-command-too',
          command: commandName(command),
        });
      return event;
    }
    plan.matched(drop);
    gone.add(command);
    if (command === migCommand.packaged)
      throw new Refused('refused', 'PACKAGED carries the devices of a postcopy stream: it cannot be dropped');
    plan.note({
      edit: 'drop-command',
      span: event.span,
      what: `command ${commandName(command)}`,
      before: 'present',
      after: 'dropped',
      why: 'a destination that does not know a command, or has its capability off, refuses the stream',
    });
    return undefined;
  });
}

/** Commands that every QEMU refuses when an earlier one has not come. */
const needs: readonly { readonly command: number; readonly before: number; readonly words: string }[] = [
  { command: migCommand.ping, before: migCommand.openReturnPath, words: 'CMD_PING received with no return path' },
  {
    command: migCommand.postcopyRamDiscard,
    before: migCommand.postcopyAdvise,
    words: 'CMD_POSTCOPY_RAM_DISCARD in wrong postcopy state',
  },
  {
    command: migCommand.postcopyListen,
    before: migCommand.postcopyAdvise,
    words: 'CMD_POSTCOPY_LISTEN in wrong postcopy state',
  },
  {
    command: migCommand.postcopyRun,
    before: migCommand.postcopyListen,
    words: 'CMD_POSTCOPY_RUN in wrong postcopy state',
  },
];

/** Last in line: sees what the others left, and edits the vmdescription to agree. */
export function descriptionEdits(plan: Plan): Transform | undefined {
  let configuration: Configuration | undefined;
  const [drop] = editsOf(plan, 'drop-vmdescription');
  const drops = editsOf(plan, 'drop-section');
  const renames = editsOf(plan, 'rename-section');
  if (drop !== undefined) {
    return mapEvents((event) => {
      if (event.kind !== 'vmdescription') return event;
      plan.matched(drop);
      plan.note({
        edit: 'drop-vmdescription',
        span: event.span,
        what: 'vmdescription',
        before: `${event.json.length} bytes`,
        after: 'dropped',
        why: 'QEMU skips it; without it tools cannot tell device payloads apart',
      });
      return undefined;
    });
  }
  return mapEvents((event) => {
    if (event.kind === 'configuration') configuration = event.configuration;
    if (event.kind !== 'vmdescription') return event;
    const { source } = plan;
    if (drops.length + renames.length + plan.devices.length === 0 && configuration === source.configuration)
      return event;
    const renamed = source.sections.flatMap((section) =>
      renames.filter(matches(section)).map((edit) => ({ ...section, to: edit.to })),
    );
    const json = editDescription(event.json, {
      dropped: source.sections.filter((section) => drops.some(matches(section))),
      renamed,
      replaced: plan.devices,
      configuration: configuration === source.configuration ? undefined : configuration,
    });
    if (json !== undefined && equalBytes(json, event.json)) return event;
    plan.note({
      edit: 'agreement',
      span: event.span,
      what: 'vmdescription',
      before: `${event.json.length} bytes`,
      after: json === undefined ? 'left alone' : `${json.length} bytes`,
      why: json === undefined ? 'not as QEMU writes it: it no longer agrees' : 'edited to agree with the stream',
    });
    return json === undefined ? event : { ...event, json };
  });
}

/** Does an edit of sections mean this one? */
function matches(
  section: SectionHeader,
): (edit: { readonly idstr: string; readonly instanceId?: number | undefined }) => boolean {
  return (edit) =>
    edit.idstr === section.idstr && (edit.instanceId === undefined || edit.instanceId === section.instanceId);
}
