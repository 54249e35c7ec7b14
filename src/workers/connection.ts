import { checkCertificates, readCertificateFiles, type Certificates } from './certificates';
import { invalidField } from './invalidField';

/** How the Redis server is reached that n8n and the engine workers meet at. Holds a secret: it is never written down and never shown. */
export interface WorkersConnection {
	readonly host: string;
	readonly port: number;
	/** Empty for Redis's default user. */
	readonly user: string;
	/** Empty for a server that asks for none. */
	readonly password: string;
	readonly database: number;
	readonly tls: boolean;
	readonly certificates: Certificates;
	/** Start of every key, so that several installations share a server. */
	readonly prefix: string;
	/** Scores that may wait for a worker at a time; more are refused. */
	readonly maxWaiting: number;
	/** How long work waits when no worker is there, in milliseconds. */
	readonly patienceMs: number;
}

/** What a person fills in; `url` may hold user and password, which the fields of their own win over. */
export interface GivenConnection {
	readonly url: string;
	readonly user?: string;
	readonly password?: string;
	readonly tls?: boolean;
	readonly certificates?: Partial<Certificates>;
	readonly prefix?: string;
	readonly maxWaiting?: number;
	readonly patienceSeconds?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 6379;
export const DEFAULT_PREFIX = 'dinomaly';
export const DEFAULT_MAX_WAITING = 1000;
export const DEFAULT_PATIENCE_SECONDS = 60;
const MAX_DATABASE = 10_000;
const PREFIX = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/;

/** Checks what a person filled in; throws CONFIG_INVALID naming the field, without its secrets. */
export function checkWorkersConnection(given: GivenConnection): WorkersConnection {
	const { maxWaiting = DEFAULT_MAX_WAITING, patienceSeconds = DEFAULT_PATIENCE_SECONDS } = given;
	const url = parseUrl(given.url.trim());
	const prefix = given.prefix?.trim() ?? '';
	if (prefix !== '' && !PREFIX.test(prefix))
		throw invalidField(
			'Prefix',
			'up to 60 letters, digits, "-", "_" and "."',
			`"${prefix.slice(0, 80)}"`,
		);
	const path = url.pathname.replace(/^\//, '');
	const database = path === '' ? 0 : Number(path);
	if (!Number.isInteger(database) || database < 0 || database > MAX_DATABASE)
		throw invalidField(
			'Redis URL',
			'the number of a database after the last "/"',
			`"${path.slice(0, 40)}"`,
		);
	if (!(maxWaiting >= 1)) throw invalidField('Queue Limit', 'a number from 1 up', String(maxWaiting));
	if (!(patienceSeconds >= 0))
		throw invalidField('Wait for a Worker', 'a number of seconds from 0 up', String(patienceSeconds));
	const certificates = checkCertificates(given.certificates ?? {});
	const tls = given.tls === true || url.protocol === 'rediss:';
	// Whoever gives a certificate wants TLS: the password must not go out without it.
	if (!tls && (certificates.ca !== '' || certificates.key !== ''))
		throw invalidField(
			'Redis URL',
			'an address with "rediss://" (or the switch TLS on), since there are certificates',
			'one without TLS',
		);
	return {
		host: url.hostname.replace(/^\[|\]$/g, ''),
		port: url.port === '' ? DEFAULT_PORT : Number(url.port),
		user: orElse(given.user?.trim(), decodeURIComponent(url.username)),
		password: orElse(given.password, decodeURIComponent(url.password)),
		database,
		tls,
		certificates,
		prefix: prefix === '' ? DEFAULT_PREFIX : prefix,
		maxWaiting: Math.floor(maxWaiting),
		patienceMs: patienceSeconds * 1000,
	};
}

/**
 * The connection of the environment: DINOMALY_REDIS_URL, _USER, _PASSWORD, _TLS, _PREFIX and the files of its certificates; `given` wins over
 * it. Undefined when neither names a server.
 */
export function workersConnectionFromEnvironment(
	environment: Environment,
	given: Partial<Pick<GivenConnection, 'url' | 'prefix'>> = {},
): WorkersConnection | undefined {
	const url = given.url ?? environment.DINOMALY_REDIS_URL ?? '';
	if (url === '') return undefined;
	return checkWorkersConnection({
		url,
		user: environment.DINOMALY_REDIS_USER,
		password: environment.DINOMALY_REDIS_PASSWORD,
		tls: ['1', 'true', 'yes'].includes((environment.DINOMALY_REDIS_TLS ?? '').toLowerCase()),
		certificates: readCertificateFiles(environment),
		prefix: given.prefix ?? environment.DINOMALY_REDIS_PREFIX,
	});
}

/** The meeting place as messages, logs and records name it: address, database and prefix, no user, no password. */
export function describeWorkersConnection(connection: WorkersConnection): string {
	const { host, port, database, tls, prefix } = connection;
	const address = host.includes(':') ? `[${host}]` : host;
	return `${tls ? 'rediss' : 'redis'}://${address}:${port}/${database} (prefix ${prefix})`;
}

function parseUrl(text: string): URL {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const isRedis = url !== undefined && (url.protocol === 'redis:' || url.protocol === 'rediss:');
	if (isRedis && url.hostname !== '' && url.search === '' && url.hash === '') return url;
	// What was given may hold a password: it is not repeated.
	throw invalidField(
		'Redis URL',
		'an address such as "redis://redis.example.com:6379"',
		text === '' ? 'nothing' : 'another kind of address',
	);
}

function orElse(given: string | undefined, other: string): string {
	return given === undefined || given === '' ? other : given;
}
