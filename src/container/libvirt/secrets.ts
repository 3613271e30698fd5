// A domain's XML without what must not be shown: passwords of graphics, cookies of network disks, and secrets that
// stand in arguments for QEMU. libvirt: virDomainGraphicsAuthDefFormatAttr(), virStorageSource's cookies, src/conf/.

const MASK = '***';

const rules: readonly (readonly [RegExp, string])[] = [
  // <graphics type='vnc' passwd='…'>; also written by hand as password.
  [/(\s(?:passwd|password)\s*=\s*)('[^']*'|"[^"]*")/gi, `$1'${MASK}'`],
  // <cookies><cookie name='…'>…</cookie></cookies>
  [/(<cookie\b[^>]*\bname\s*=[^>]*>)[^<]*(<\/cookie>)/gi, `$1${MASK}$2`],
  // <qemu:arg value='secret,id=…,data=…'/>, password=… in any option; a comma ends the value.
  [/(\b(?:data|password|passwd|secret|key)=)[^,'"&<>\s]+/gi, `$1${MASK}`],
  // The same as JSON: {"qom-type":"secret","data":"…"}.
  [
    /((?:"|&quot;)(?:data|password|passwd|secret|key)(?:"|&quot;)\s*:\s*(?:"|&quot;))(?:(?!&quot;)[^"<>])*/gi,
    `$1${MASK}`,
  ],
  // <sysinfo><oemStrings>: credentials for systemd in the guest.
  [/(io\.systemd\.credential(?:\.binary)?:[^=<]*=)[^<]*/g, `$1${MASK}`],
];

const removals: readonly RegExp[] = [
  /\s(?:passwd|password|passwdValidTo)\s*=\s*(?:'[^']*'|"[^"]*")/gi,
  /<cookies\b[^>]*>[\s\S]*?<\/cookies>/gi,
];

/**
 * The same XML without passwords and cookies; *** for secrets in arguments, which cannot be left out. libvirt takes it.
 */
export function strippedXml(xml: string): string {
  return withoutSecrets(removals.reduce((text, pattern) => text.replace(pattern, ''), xml));
}

/** The same XML with *** for each secret. The result may be shown; it is not the XML that libvirt needs. */
export function withoutSecrets(xml: string): string {
  return rules.reduce((text, [pattern, to]) => text.replace(pattern, to), xml);
}
