// The JSON document of `mstream verify --json`: docs/schema/verify.json.

import { cureText } from '../hints.js';
import type { Finding } from '../../ops/verify/codes.js';
import { agreement } from '../../ops/verify/against.js';
import type { DestinationPrediction, Verification } from '../../ops/verify/verify.js';
import { outerJson } from '../error.js';
import { containersJson, type JsonObject } from '../inspect/json.js';

export const VERIFY_SCHEMA_VERSION = 1;

export function verifyDocument(results: readonly Verification[], mstream: string): JsonObject {
  return {
    schemaVersion: VERIFY_SCHEMA_VERSION,
    kind: 'verification',
    mstream,
    results: results.map(verificationJson),
  };
}

function verificationJson(verification: Verification): JsonObject {
  const { label, verdict, findings, loadable, prediction, containers = [] } = verification;
  const { since, until, reasons } = loadable;
  return {
    input: label,
    containers: containersJson(containers),
    verdict,
    silent: findings.some((finding) => finding.silent),
    loadable: {
      since: since === undefined ? null : { ...since },
      until: until === undefined ? null : { ...until },
      reasons: reasons.map((reason) => ({
        what: reason.what,
        ...(reason.since === undefined ? {} : { since: { ...reason.since } }),
        ...(reason.until === undefined ? {} : { until: { ...reason.until } }),
      })),
    },
    findings: findings.map(findingJson),
    ...(prediction === undefined ? {} : { prediction: predictionJson(prediction) }),
  };
}

function predictionJson({ destination, capabilities, assumed, prediction, trial }: DestinationPrediction): JsonObject {
  const { verdict, messages, offset, path, explanation, unknowns } = prediction;
  return {
    destination,
    capabilities: { ...capabilities },
    assumed,
    verdict,
    messages,
    ...(offset === undefined ? {} : { offset }),
    path,
    ...(explanation === undefined ? {} : { explanation: { ...explanation, cures: explanation.cures.map(cureText) } }),
    unknowns,
    ...(trial === undefined
      ? {}
      : {
          trial: {
            verdict: trial.verdict,
            lines: trial.lines,
            runState: trial.runState,
            agreement: agreement(prediction, trial) ?? null,
          },
        }),
  };
}

/** Shape Finding of common.json. */
function findingJson(finding: Finding): JsonObject {
  const { severity, code, offset, outer, path, text, explanation, cure, silent } = finding;
  const place = { ...(offset === undefined ? {} : { offset }), ...outerJson(outer), path };
  return { severity, code, ...place, text, explanation, cure: cureText(cure), silent };
}
