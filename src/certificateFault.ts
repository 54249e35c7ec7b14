/** What to do about a server whose certificate is not trusted here; undefined when `code`, of the network, is about something else. */
export function certificateHint(code: string): string | undefined {
	if (!/CERT|SIGNATURE|ERR_TLS/.test(code)) return undefined;
	return 'Its certificate is not trusted on this machine: point NODE_EXTRA_CA_CERTS to that of the authority that signed it, and use the name that it is made out to.';
}
