// Network backends: no backend keeps a peer. A user netdev stays a user netdev (it has the section slirp), but is cut
// off from the network. Every other backend becomes a port of an empty hub. QEMU: net/slirp.c, net/hub.c.

import { parseParameter, type Parameter } from '../parameter.js';
import { kept, type Outcome, type Rule, type RuleContext } from './rule.js';

/** The settings that slirp's section depends on; host forwards, exports and files are left out. */
const USER_KEYS =
  /^(type|id|ipv[46](-.*)?|net|host|dhcpstart|dns|dnssearch|domainname|hostname|model|mac|macaddr|addr|vectors|netdev|name|vlan)$/;
const HUB_KEYS = /^(type|id|model|mac|macaddr|addr|vectors|name)$/;

/** Backends that give virtio-net a header with offloads; no backend without a peer does. */
const WITH_VNET_HDR = new Set(['tap', 'bridge', 'vhost-user', 'vhost-vdpa', 'netmap', 'af-xdp', 'passt']);

const OFFLOADS =
  'virtio-net offers no offloads on it: a state saved on such a network is refused here (`virtio-net: saved image requires vnet_hdr=on`, or `Features … unsupported`) even if the real one loads it';

function outcome(option: string, net: Parameter, context: RuleContext): Outcome {
  const type = net.get('type') ?? '';
  if (['none', 'nic', 'hubport', ''].includes(type)) return kept;
  if (type === 'user') {
    return {
      kind: 'replace',
      words: [`-${option}`, net.changed({ restrict: true }, (key) => USER_KEYS.test(key))],
      why: 'the guest reaches nobody, nothing is listened on',
    };
  }
  const queues = Number(net.get('queues') ?? net.get('fds')?.split(':').length ?? 1);
  if (queues > 1)
    return {
      kind: 'refuse',
      why: `${queues} queues need a real network, and how many there are decides what the device looks like`,
    };
  const limits = WITH_VNET_HDR.has(type) ? { limits: OFFLOADS } : {};
  const why = 'a port where nobody else is';
  if (option === 'net') return { kind: 'replace', words: ['-net', 'none'], why, ...limits };
  return {
    kind: 'replace',
    words: [`-${option}`, net.changed({ type: 'hubport', hubid: context.next() }, (key) => HUB_KEYS.test(key))],
    why,
    ...limits,
  };
}

export const netRule: Rule = (option, value, context) => {
  try {
    return outcome(option, parseParameter(value, 'type'), context);
  } catch {
    return { kind: 'refuse', why: 'it cannot be read' };
  }
};
