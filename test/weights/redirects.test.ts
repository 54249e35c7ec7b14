import { reachOfAddress } from '../../src/weights/addressReach';
import { redirectTarget } from '../../src/weights/redirects';

test.each([
	['public', ['93.184.216.34', '172.32.0.1', '2606:4700::1', '::ffff:93.184.216.34', '64:ff9b::5db8:d822']],
	[
		'private',
		['10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', 'fd12::1', '224.0.0.1', '::ffff:10.0.0.1'],
	],
	[
		'loopback',
		[
			'127.0.0.1',
			'127.9.9.9',
			'0.0.0.0',
			'::1',
			'::',
			'::ffff:7f00:1',
			'64:ff9b::7f00:1',
			'2002:7f00:1::',
		],
	],
	[
		'link-local',
		[
			'169.254.169.254',
			'fe80::1',
			'fe80::1%eth0',
			'fd00:ec2::254',
			'100.100.100.200',
			'::ffff:a9fe:a9fe',
			'2002:a9fe:a9fe::1',
		],
	],
])('%s addresses are known in every way that they are written', (reach, addresses) => {
	for (const address of addresses) expect([address, reachOfAddress(address)]).toEqual([address, reach]);
});

const leadTo = (location: string, from: string, hub = from) =>
	redirectTarget({ status: 302, headers: new Headers({ location }) }, new URL(from), new URL(hub));

test('an encrypted hub leads to encrypted addresses only, whatever lies between', async () => {
	expect((await leadTo('https://1.1.1.1/x', 'https://8.8.8.8/'))?.href).toBe('https://1.1.1.1/x');
	await expect(leadTo('http://1.1.1.1/x', 'https://8.8.8.8/')).rejects.toThrow('safe address');
	await expect(leadTo('http://1.1.1.1/x', 'http://8.8.4.4/', 'https://8.8.8.8/')).rejects.toThrow(
		'safe address',
	);
	await expect(leadTo('http://1.1.1.1/x', 'https://8.8.4.4/', 'http://8.8.8.8/')).rejects.toThrow(
		'safe address',
	);
	expect((await leadTo('http://1.1.1.1/x', 'http://8.8.8.8/'))?.href).toBe('http://1.1.1.1/x');
});

test('a hub leads no nearer to this machine than it is itself', async () => {
	const nearer = ['https://8.8.8.8', 'https://10.0.0.1', 'https://127.0.0.1', 'https://169.254.1.1'];
	for (const [i, hub] of nearer.entries())
		for (const [j, target] of nearer.entries()) {
			const led = leadTo(`${target}:444/`, hub).then(
				() => true,
				() => false,
			);
			expect([hub, target, await led]).toEqual([hub, target, j <= i]);
		}
});

test('an answer that is no redirect leads nowhere', async () => {
	const url = new URL('https://8.8.8.8/');
	const headers = new Headers({ location: 'https://127.0.0.1/' });
	expect(await redirectTarget({ status: 200, headers }, url, url)).toBeUndefined();
});
