import { DinomalyError } from '../errors';

/**
 * Loads a native package when it is first needed.
 * @throws RUNTIME_MISSING with platform, C library and Node.js version, and what to do about it
 */
export function loadNative(name: string): unknown {
	try {
		// A plain require: the package must stay out of n8n's own process until the engine asks for it.
		// eslint-disable-next-line @typescript-eslint/no-require-imports
		return require(name) as unknown;
	} catch (error) {
		throw missing(name, error);
	}
}

/** The C library that this Node.js was built for: glibc, musl, or none on other systems. */
export function cLibrary(): 'glibc' | 'musl' | 'none' {
	if (process.platform !== 'linux') return 'none';
	const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
	return report.header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function missing(name: string, cause: unknown): DinomalyError {
	const library = cLibrary();
	const place = `${process.platform}-${process.arch}${library === 'none' ? '' : ` (${library})`}, Node.js ${process.version}`;
	const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
	const hint =
		library === 'musl'
			? "n8n's Alpine image has no glibc, which the native packages need: use a Debian-based n8n image."
			: `Install the package again on this machine (npm install ${name}); supported are Linux with glibc, macOS and Windows on x64 and arm64, Node.js 20.19 or newer.`;
	return new DinomalyError('RUNTIME_MISSING', `Could not load ${name} on ${place}: ${reason}`, {
		hint,
		cause,
	});
}
