/** Whether the code of a failed connection says that the other side's certificate is not trusted here. */
export function isCertificateFault(code: string): boolean {
	return /CERT|SIGNATURE|ERR_TLS/.test(code);
}

/** What to do about a server of one's own whose certificate is not trusted; undefined when the code is about something else. */
export function certificateHint(code: string): string | undefined {
	if (!isCertificateFault(code)) return undefined;
	return 'Its certificate is not trusted on this machine: point NODE_EXTRA_CA_CERTS to that of the authority that signed it, and use the name that it is made out to.';
}
