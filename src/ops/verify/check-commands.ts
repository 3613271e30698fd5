// Commands, one after the other, as QEMU's own state machine takes them. QEMU: loadvm_process_command() and its
// handlers, migration/savevm.c.

import { commandFacts, commandName, migCommand } from '../../wire/command.js';
import { finding, type Finding } from './codes.js';

interface Command {
  readonly command: number;
  readonly payload: Uint8Array;
  readonly offset: number;
}

export class CommandCheck {
  readonly findings: Finding[] = [];
  /** The guest was handed over before its memory. */
  listened = false;
  private returnPath: number | undefined;
  private advised: 'no' | 'empty' | 'ram' = 'no';
  private told = false;

  observe(event: Command): void {
    const { command, payload, offset } = event;
    const name = commandName(command);
    const at = { offset, path: [`command ${name}`] };
    const facts = commandFacts[command];
    if (facts === undefined) {
      this.findings.push(
        finding('unknown-command', { text: `command ${command} with ${payload.length} bytes`, ...at }),
      );
      return;
    }
    if (facts.lengths?.includes(payload.length) === false) {
      this.findings.push(
        finding('command-length', {
          text: `${name} with ${payload.length} bytes, not ${facts.lengths.join(' or ')}`,
          ...at,
        }),
      );
      return;
    }
    const wrongOrder = (what: string): void => {
      this.findings.push(finding('postcopy-order', { text: `${name} ${what}`, ...at }));
    };
    switch (command) {
      case migCommand.openReturnPath:
        this.returnPath ??= offset;
        return;
      case migCommand.ping:
        if (this.returnPath === undefined)
          this.findings.push(finding('ping-without-return-path', { text: 'PING without OPEN_RETURN_PATH', ...at }));
        return;
      case migCommand.postcopyAdvise:
        if (this.advised !== 'no') wrongOrder('for the second time');
        else if (payload.length === 16)
          this.findings.push(finding('postcopy-advised', { text: 'postcopy-ram was on at the source', ...at }));
        this.advised = payload.length === 16 ? 'ram' : 'empty';
        return;
      case migCommand.postcopyRamDiscard:
        if (this.advised === 'no') wrongOrder('without POSTCOPY_ADVISE');
        else if (payload.length < 20)
          this.findings.push(finding('command-length', { text: `${name} with ${payload.length} bytes`, ...at }));
        return;
      case migCommand.postcopyListen:
        if (this.advised === 'no') wrongOrder('without POSTCOPY_ADVISE');
        else if (this.listened) wrongOrder('for the second time');
        this.listened = true;
        if (!this.told)
          this.findings.push(finding('postcopy-went-over', { text: 'the migration went over to postcopy', ...at }));
        this.told = true;
        return;
      case migCommand.postcopyRun:
        if (!this.listened) wrongOrder('before POSTCOPY_LISTEN');
        return;
      case migCommand.enableColo:
        this.findings.push(finding('colo', { text: 'ENABLE_COLO: the first part of a COLO session', ...at }));
        return;
      default:
    }
  }

  /** At the end of the stream. */
  finish(): Finding[] {
    if (this.returnPath === undefined) return this.findings;
    return [
      ...this.findings,
      finding('return-path', {
        text: 'the source wanted answers on a return path',
        offset: this.returnPath,
        path: ['command OPEN_RETURN_PATH'],
      }),
    ];
  }
}
