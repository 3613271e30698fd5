// The recorded profiles of fixtures/profiles, one of each QEMU of the lab.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Destination } from '../../src/destination/destination.js';
import { parseProfile } from '../../src/destination/document.js';
import type { Profile } from '../../src/destination/profile.js';

export const profileNames = ['5.2.0-pc', '7.2.22-pc', '10.0.13-pc', '11.1.3-pc'] as const;

export type ProfileName = (typeof profileNames)[number];

/** The document as it stands. */
export function profileText(name: ProfileName): string {
  return gunzipSync(readFileSync(new URL(`../../fixtures/profiles/${name}.json.gz`, import.meta.url))).toString('utf8');
}

export function recordedProfile(name: ProfileName): Destination {
  return parseProfile(profileText(name));
}

/** The document's members. */
export function recordedDocument(name: ProfileName): Profile {
  return JSON.parse(profileText(name)) as Profile;
}
