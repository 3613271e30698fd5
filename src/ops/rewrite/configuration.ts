// Edits of the configuration section: machine name, capabilities, uuid, target page bits. QEMU's own order of
// subsections is kept. QEMU: configuration_post_load(), migration/savevm.c, says what a destination then compares.

import { hexDigits } from '../../base/bytes.js';
import { quote } from '../../base/quote.js';
import { validatedCapabilities } from '../../release/capabilities.js';
import type { StreamEvent } from '../../stream/event.js';
import type { Configuration, ConfigurationSubsection } from '../../wire/configuration.js';
import type { Edit } from './edit.js';
import { editsOf, mapEvents, refuse, type Plan, type Transform } from './transform.js';

const kinds = ['machine', 'set-capability', 'clear-capability', 'uuid', 'target-page-bits'] as const;
type ConfigurationEdit = Extract<Edit, { edit: (typeof kinds)[number] }>;

const ORDER: readonly ConfigurationSubsection['kind'][] = ['target-page-bits', 'capabilities', 'uuid', 'unknown'];

export function configurationEdits(plan: Plan): Transform | undefined {
  const edits = editsOf(plan, ...kinds);
  if (edits.length === 0) return undefined;
  const [bits] = editsOf(plan, 'target-page-bits');
  return mapEvents((event) => {
    if (
      bits !== undefined &&
      event.kind === 'dialect' &&
      event.fact === 'target-page-size' &&
      event.value !== 2 ** bits.bits
    ) {
      refuse(
        plan,
        `target page bits ${bits.bits}, and the page records of this stream have pages of ${event.value} bytes`,
      );
    }
    if (event.kind !== 'configuration') return event;
    const configuration = edits.reduce((before, edit) => apply(plan, event, before, edit), event.configuration);
    return configuration === event.configuration ? event : { ...event, configuration };
  });
}

function apply(plan: Plan, event: StreamEvent, before: Configuration, edit: ConfigurationEdit): Configuration {
  const note = (what: string, from: string, to: string, why: string): void =>
    plan.note({ edit: edit.edit, span: event.span, what, before: from, after: to, why });
  if (hasSubject(before, edit)) plan.matched(edit);
  else return before;
  switch (edit.edit) {
    case 'machine':
      if (before.machine === edit.name) return before;
      note('machine', before.machine, edit.name, 'the destination compares the name as far as it was received');
      return { ...before, machine: edit.name };
    case 'set-capability':
    case 'clear-capability':
      return setCapability(plan, before, edit, note);
    case 'uuid': {
      const was = before.subsections.find((part) => part.kind === 'uuid');
      note(
        'uuid',
        was === undefined ? 'none' : hexDigits(was.uuid),
        edit.uuid === undefined ? 'none' : hexDigits(edit.uuid),
        'checked by 4.2 and later',
      );
      return replace(
        before,
        'uuid',
        edit.uuid === undefined ? undefined : { kind: 'uuid', version: 1, uuid: edit.uuid },
      );
    }
    case 'target-page-bits': {
      if (edit.bits < 10 || edit.bits > 16)
        refuse(plan, `target page bits ${edit.bits}: every QEMU that sends them has 10 to 16`);
      const was = before.subsections.find((part) => part.kind === 'target-page-bits');
      note(
        'target page bits',
        String(was?.bits ?? 'none'),
        String(edit.bits),
        'compared by the destination; page records are not re-cut',
      );
      return replace(before, 'target-page-bits', { kind: 'target-page-bits', version: 1, bits: edit.bits });
    }
  }
}

/** What is to be removed must be there. */
function hasSubject({ subsections }: Configuration, edit: ConfigurationEdit): boolean {
  if (edit.edit === 'clear-capability')
    return subsections.some((part) => part.kind === 'capabilities' && part.names.includes(edit.capability));
  return edit.edit !== 'uuid' || edit.uuid !== undefined || subsections.some((part) => part.kind === 'uuid');
}

function setCapability(
  plan: Plan,
  before: Configuration,
  edit: Extract<Edit, { edit: 'set-capability' | 'clear-capability' }>,
  note: (what: string, from: string, to: string, why: string) => void,
): Configuration {
  const { capability } = edit;
  const part = before.subsections.find((subsection) => subsection.kind === 'capabilities');
  const names = part?.names ?? [];
  const on = edit.edit === 'set-capability';
  if (names.includes(capability) === on) return before;
  if (validatedCapabilities.some((name) => name === capability)) {
    refuse(
      plan,
      `capability ${capability} also decides how the block list is laid out: changed alone, every QEMU refuses or misreads the stream`,
      capability === 'x-ignore-shared' ? { code: 'to-dialect', dialect: on ? '4.1' : 'plain' } : undefined,
    );
  } else if (on) {
    refuse(
      plan,
      `no QEMU writes ${quote(capability)} into this list, and one that does not know the name refuses the stream`,
    );
  }
  const after = on ? [...names, capability] : names.filter((name) => name !== capability);
  note(
    'capabilities',
    names.join(', ') || 'none',
    after.join(', ') || 'none',
    'must equal what is on at the destination',
  );
  return withCapabilities(before, after);
}

/** The configuration with this capability list; an empty list is no subsection, as QEMU writes it. */
export function withCapabilities(configuration: Configuration, names: readonly string[]): Configuration {
  const version = configuration.subsections.find((subsection) => subsection.kind === 'capabilities')?.version ?? 1;
  return replace(
    configuration,
    'capabilities',
    names.length === 0 ? undefined : { kind: 'capabilities', version, names },
  );
}

function replace(
  configuration: Configuration,
  kind: ConfigurationSubsection['kind'],
  part: ConfigurationSubsection | undefined,
): Configuration {
  const at = configuration.subsections.findIndex((subsection) => subsection.kind === kind);
  const rest = configuration.subsections.filter((subsection) => subsection.kind !== kind);
  if (part === undefined) return { ...configuration, subsections: rest };
  const before =
    at >= 0 ? at : rest.filter((subsection) => ORDER.indexOf(subsection.kind) < ORDER.indexOf(kind)).length;
  return { ...configuration, subsections: [...rest.slice(0, before), part, ...rest.slice(before)] };
}
