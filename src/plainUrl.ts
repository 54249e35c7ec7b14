/**
 * An http(s) address without user name, password, query and fragment, as a person fills it in for a server; undefined for anything else. What is left
 * out there would reach logs and errors with the address.
 */
export function plainUrl(address: string): URL | undefined {
	const url = URL.canParse(address) ? new URL(address) : undefined;
	const isPlain =
		url !== undefined &&
		(url.protocol === 'https:' || url.protocol === 'http:') &&
		url.username === '' &&
		url.password === '' &&
		url.search === '' &&
		url.hash === '';
	return isPlain ? url : undefined;
}
