// The recorded profiles of fixtures/profiles, one of each QEMU of the lab. Imports ops/verify.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseProfile, type Profile } from '../../src/destination/profile.js';

export const profileNames = ['5.2.0-pc', '7.2.22-pc', '10.0.13-pc', '11.1.3-pc'] as const;

export type ProfileName = (typeof profileNames)[number];

/** The document as it stands. */
export function profileText(name: ProfileName): string {
  return gunzipSync(readFileSync(new URL(`../../fixtures/profiles/${name}.json.gz`, import.meta.url))).toString('utf8');
}

export function recordedProfile(name: ProfileName): Profile {
  return parseProfile(profileText(name));
}
