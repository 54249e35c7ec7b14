import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** How near to this machine an address is, the nearest last. */
const REACHES = ['public', 'private', 'loopback', 'link-local'] as const;
export type Reach = (typeof REACHES)[number];

type Subnet = readonly [address: string, bits: number];

/** IPv4 ranges of the IANA special-purpose registry that lead to no public machine. */
const IPV4: Readonly<Record<Exclude<Reach, 'public'>, readonly Subnet[]>> = {
	private: [
		['10.0.0.0', 8],
		['100.64.0.0', 10],
		['172.16.0.0', 12],
		['192.0.0.0', 24],
		['192.168.0.0', 16],
		['198.18.0.0', 15],
		['224.0.0.0', 4],
		['240.0.0.0', 4],
	],
	// Connecting to 0.0.0.0 reaches this machine too.
	loopback: [
		['0.0.0.0', 8],
		['127.0.0.0', 8],
	],
	// With the metadata services of clouds that lie elsewhere: Alibaba, Azure, Oracle.
	'link-local': [
		['169.254.0.0', 16],
		['100.100.100.200', 32],
		['168.63.129.16', 32],
		['192.0.0.192', 32],
	],
};
const IPV6: typeof IPV4 = {
	private: [
		['fc00::', 7],
		['fec0::', 10],
		['ff00::', 8],
	],
	loopback: [['::1', 128]],
	// fd00:ec2::254: the metadata service of Amazon.
	'link-local': [
		['fe80::', 10],
		['fd00:ec2::254', 128],
	],
};
/** IPv6 addresses that stand for an IPv4 address in their last 32 bits: mapped, compatible, and NAT64. */
const IPV4_IN_IPV6 = ['::ffff:', '::', '64:ff9b::'];

const LISTS = {
	private: listOf('private'),
	loopback: listOf('loopback'),
	'link-local': listOf('link-local'),
};

/** Whether a is nearer to this machine than b. */
export function isNearer(a: Reach, b: Reach): boolean {
	return REACHES.indexOf(a) > REACHES.indexOf(b);
}

/** What an IP address reaches. */
export function reachOfAddress(address: string): Reach {
	const [bare] = address.split('%'); // a zone such as %eth0
	const family = isIP(bare) === 6 ? 'ipv6' : 'ipv4';
	for (const reach of ['link-local', 'loopback', 'private'] as const)
		if (LISTS[reach].check(bare, family)) return reach;
	return 'public';
}

/** What the host of an address reaches, by every address that its name has, the nearest last; empty for a name that is not known. */
export async function reachesOfHost({ hostname }: URL): Promise<readonly Reach[]> {
	const host = hostname.replace(/^\[|\]$/g, '');
	if (isIP(host) !== 0) return [reachOfAddress(host)];
	// What cannot be looked up cannot be connected to either, which then is the failure to tell.
	const found = await lookup(host, { all: true }).catch(() => []);
	const reaches = found.map(({ address }) => reachOfAddress(address));
	return reaches.sort((a, b) => REACHES.indexOf(a) - REACHES.indexOf(b));
}

function listOf(reach: keyof typeof IPV4): BlockList {
	const list = new BlockList();
	for (const [address, bits] of IPV6[reach]) list.addSubnet(address, bits, 'ipv6');
	for (const [address, bits] of IPV4[reach]) {
		list.addSubnet(address, bits, 'ipv4');
		for (const prefix of IPV4_IN_IPV6) list.addSubnet(`${prefix}${address}`, 96 + bits, 'ipv6');
		list.addSubnet(sixToFour(address), 16 + bits, 'ipv6');
	}
	return list;
}

/** 6to4 (RFC 3056) has the IPv4 address after its first 16 bits. */
function sixToFour(address: string): string {
	const [a, b, c, d] = address.split('.').map(Number);
	return `2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::`;
}
