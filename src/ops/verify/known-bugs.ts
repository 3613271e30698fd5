// Known bugs of QEMU that strike on the way of a stream to a destination, as findings: before anything is tried.

import { vmsdNameOf } from '../../base/idstr.js';
import type { BugStream } from '../../release/known-bug-row.js';
import { bugsOnTheWay } from '../../release/known-bugs.js';
import { versionInMachine } from '../../release/machines.js';
import type { QemuVersion } from '../../release/version.js';
import type { Inspection } from '../inspect.js';
import { finding, type Finding } from './codes.js';

/** One warning for each known bug that meets this stream and that release. */
export function knownBugFindings(inspection: Inspection, destination: QemuVersion): Finding[] {
  return bugsOnTheWay(bugStream(inspection), destination).map(({ what, releases, cure, source }) =>
    finding('known-bug', { text: `${what} (QEMU ${releases}; ${source})`, cure }),
  );
}

/** What the conditions of the table ask for. */
export function bugStream(inspection: Inspection): BugStream {
  const machine = inspection.configuration?.machine ?? '';
  const opened = inspection.map.flatMap(({ section, kind }) =>
    section === undefined || kind === 'part' || kind === 'end' ? [] : [section],
  );
  return {
    machine,
    machineVersion: versionInMachine(machine),
    devices: opened.map(({ idstr }) => vmsdNameOf(idstr)),
    sections: opened.map(({ idstr, instanceId }) => `${idstr}/${instanceId}`),
    commands: inspection.map.flatMap(({ command }) => (command === undefined ? [] : [command])),
    capabilities: inspection.capabilities ?? [],
    layout: inspection.dialect.layout?.value.toString(),
    since: inspection.producer.since,
    until: inspection.producer.until,
  };
}
