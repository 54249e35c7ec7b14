import { isNearer, reachesOfHost } from './addressReach';
import { describeUrl, downloadFailed } from './hubFailures';

/** An http(s) address without user name; undefined for anything else. */
export function parseHttp(address: string, base?: URL): URL | undefined {
	if (!URL.canParse(address, base?.href)) return undefined;
	const url = new URL(address, base);
	const isPlain =
		(url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '';
	return isPlain ? url : undefined;
}

/**
 * Where an answer sends the request on; undefined when it does not. It must be encrypted unless the hub itself is not, and no nearer to this
 * machine than the hub: a public hub leads to public addresses, a mirror in the own network also into that. Throws DOWNLOAD_FAILED.
 */
export async function redirectTarget(
	{ status, headers }: Pick<Response, 'status' | 'headers'>,
	url: URL,
	hub: URL,
): Promise<URL | undefined> {
	const location = headers.get('location');
	if (![301, 302, 303, 307, 308].includes(status) || location === null) return undefined;
	const next = parseHttp(location, url);
	const mayBePlain = url.protocol === 'http:' && hub.protocol === 'http:';
	if (next === undefined || (next.protocol === 'http:' && !mayBePlain)) {
		throw downloadFailed(
			`Expected ${describeUrl(url)} to lead to a safe address, found a redirect away from http(s) or encryption`,
		);
	}
	if (next.origin !== hub.origin) await checkReach(next, url, hub);
	return next;
}

async function checkReach(next: URL, url: URL, hub: URL): Promise<void> {
	const nearest = (await reachesOfHost(next)).at(-1);
	if (nearest === undefined || nearest === 'public') return;
	// A name with both kinds of address counts as the farther one here, and as the nearer one where it is led to.
	const [allowed = 'public'] = await reachesOfHost(hub);
	if (!isNearer(nearest, allowed)) return;
	throw downloadFailed(
		`Expected ${describeUrl(url)} to lead to a ${allowed} address, found a redirect to the ${nearest} address ${next.host.slice(0, 100)}`,
		{
			hint: 'A hub may not send on to machines nearer than itself: check the hub endpoint, or name the inner address as the endpoint.',
		},
	);
}
