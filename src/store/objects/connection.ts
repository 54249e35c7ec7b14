import { DinomalyError } from '../../errors';
import { plainUrl } from '../../plainUrl';

/** How object storage is reached, and which part of it is the store. Holds a secret: it is never written down and never shown. */
export interface StoreConnection {
	/** Address of the server; empty for Amazon's own of the region. */
	readonly endpoint: string;
	readonly region: string;
	readonly bucket: string;
	/** Start of every key, without slashes at its ends; empty for the whole bucket. */
	readonly prefix: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	/** Whether the bucket is part of the path instead of the host name, as most servers of one's own want it. */
	readonly pathStyle: boolean;
	/** Local copies of versions are kept up to this much. */
	readonly cacheBytes: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const SCHEME = 's3://';
const DEFAULT_REGION = 'us-east-1';
export const DEFAULT_CACHE_GB = 10;
const BYTES_PER_GB = 1e9;
/** Amazon's rules for names, a little wider: other servers allow capitals and underscores. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;
const PREFIX = /^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*$/;

/** Whether a text names object storage instead of a folder. */
export function isStoreUrl(text: string | undefined): text is string {
	return text?.startsWith(SCHEME) === true;
}

/** The store as its users know it: `s3://bucket/prefix`. */
export function describeConnection({ bucket, prefix }: Pick<StoreConnection, 'bucket' | 'prefix'>): string {
	return `${SCHEME}${bucket}${prefix === '' ? '' : `/${prefix}`}`;
}

/** Checks what a person filled in; throws CONFIG_INVALID naming the field. */
export function checkConnection(
	given: Omit<StoreConnection, 'cacheBytes'> & { readonly cacheGb: number },
): StoreConnection {
	const { pathStyle, cacheGb } = given;
	const endpoint = given.endpoint.trim().replace(/\/+$/, '');
	const bucket = given.bucket.trim();
	const prefix = given.prefix.trim().replace(/^\/+|\/+$/g, '');
	if (endpoint !== '') checkEndpoint(endpoint);
	if (!BUCKET.test(bucket)) throw invalid('Bucket', 'the name of a bucket, such as "models"', bucket);
	if (prefix !== '' && (!PREFIX.test(prefix) || prefix.split('/').some((part) => /^\.+$/.test(part))))
		throw invalid('Prefix', 'names with "/" between them, such as "plant-2/models"', prefix);
	const accessKeyId = given.accessKeyId.trim();
	const secretAccessKey = given.secretAccessKey.trim();
	if (accessKeyId === '' || secretAccessKey === '')
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected an access key and a secret key for ${describeConnection({ bucket, prefix })}, found ${accessKeyId === '' ? 'no access key' : 'no secret key'}`,
			{ hint: 'Fill in both: who runs the object storage hands them out.' },
		);
	if (!(cacheGb >= 0)) throw invalid('Cache Size', 'a number of gigabytes from 0 up', String(cacheGb));
	const region = given.region.trim() === '' ? DEFAULT_REGION : given.region.trim();
	const cacheBytes = Math.round(cacheGb * BYTES_PER_GB);
	return { endpoint, region, bucket, prefix, accessKeyId, secretAccessKey, pathStyle, cacheBytes };
}

/**
 * The connection that `s3://bucket/prefix` and the environment tell: DINOMALY_S3_ENDPOINT, _REGION, _ACCESS_KEY, _SECRET_KEY, _PATH_STYLE
 * and _CACHE_GB, else what Amazon's own tools read. Throws CONFIG_INVALID or USAGE.
 */
export function connectionFromEnvironment(url: string, env: Environment): StoreConnection {
	const [bucket, ...prefix] = url.slice(SCHEME.length).split('/');
	const endpoint = env.DINOMALY_S3_ENDPOINT ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? '';
	const accessKeyId = env.DINOMALY_S3_ACCESS_KEY ?? env.AWS_ACCESS_KEY_ID ?? '';
	const secretAccessKey = env.DINOMALY_S3_SECRET_KEY ?? env.AWS_SECRET_ACCESS_KEY ?? '';
	if (accessKeyId === '' || secretAccessKey === '')
		throw new DinomalyError(
			'USAGE',
			`Expected the keys of ${url} in the environment, found ${accessKeyId === '' ? 'no access key' : 'no secret key'}`,
			{ hint: 'Set DINOMALY_S3_ACCESS_KEY and DINOMALY_S3_SECRET_KEY.' },
		);
	return checkConnection({
		endpoint,
		region: env.DINOMALY_S3_REGION ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? '',
		bucket,
		prefix: prefix.join('/'),
		accessKeyId,
		secretAccessKey,
		// A server of one's own seldom has a host name for each bucket.
		pathStyle:
			env.DINOMALY_S3_PATH_STYLE === undefined ? endpoint !== '' : isYes(env.DINOMALY_S3_PATH_STYLE),
		cacheGb: env.DINOMALY_S3_CACHE_GB === undefined ? DEFAULT_CACHE_GB : Number(env.DINOMALY_S3_CACHE_GB),
	});
}

function isYes(text: string): boolean {
	return ['1', 'true', 'yes'].includes(text.toLowerCase());
}

function checkEndpoint(endpoint: string): void {
	if (plainUrl(endpoint) === undefined)
		throw invalid(
			'Endpoint',
			'an address such as "https://minio.example.com:9000"',
			URL.canParse(endpoint) ? 'another kind of address' : endpoint,
		);
}

function invalid(field: string, expected: string, found: string): DinomalyError {
	const shown = found === '' ? 'nothing' : `"${found.slice(0, 100)}"`;
	return new DinomalyError(
		'CONFIG_INVALID',
		`Expected "${field}" of the object storage to be ${expected}, found ${shown}`,
		{ hint: 'Correct it in the credential S3 Model Store, or in the environment of the command line.' },
	);
}
