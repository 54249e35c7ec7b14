import {
	checkWorkersConnection,
	describeWorkersConnection,
	workersConnectionFromEnvironment,
} from '../../src/workers/connection';
import { explainRedisError } from '../../src/workers/redis';

const SECRET = 'horse:battery/9';

test('a URL alone is enough', () => {
	expect(checkWorkersConnection({ url: 'redis://redis.local' })).toEqual({
		host: 'redis.local',
		port: 6379,
		user: '',
		password: '',
		database: 0,
		tls: false,
		certificates: { ca: '', certificate: '', key: '' },
		prefix: 'dinomaly',
		maxWaiting: 1000,
		patienceMs: 60_000,
	});
});

test('user, password and database of the URL count, and fields of their own win over them', () => {
	const url = `rediss://ana:${encodeURIComponent(SECRET)}@[::1]:7000/3`;
	expect(checkWorkersConnection({ url })).toMatchObject({
		host: '::1',
		port: 7000,
		user: 'ana',
		password: SECRET,
		database: 3,
		tls: true,
	});
	expect(checkWorkersConnection({ url, user: 'eva', password: 'x' })).toMatchObject({
		user: 'eva',
		password: 'x',
	});
});

test('what is shown of it has no secret', () => {
	const connection = checkWorkersConnection({
		url: `redis://ana:${encodeURIComponent(SECRET)}@h:1/2`,
		prefix: 'p',
	});
	expect(describeWorkersConnection(connection)).toBe('redis://h:1/2 (prefix p)');
	const explained = explainRedisError(new Error(`WRONGPASS ${SECRET}`), connection);
	expect(explained.cause).toBeUndefined();
	expect(explained).toMatchObject({
		code: 'QUEUE_REFUSED',
		message: 'Expected redis://h:1/2 (prefix p) to let us in, found "WRONGPASS ***"',
	});
});

test.each([
	['no address', { url: '' }, /"Redis URL" .* found nothing/],
	[
		'another kind of address',
		{ url: `http://u:${SECRET}@h` },
		/"Redis URL" .* found another kind of address/,
	],
	['a database that is none', { url: 'redis://h/models' }, /number of a database .* found "models"/],
	['a prefix with a colon', { url: 'redis://h', prefix: 'a:b' }, /"Prefix" .* found "a:b"/],
	['an empty queue', { url: 'redis://h', maxWaiting: 0 }, /"Queue Limit" .* found 0/],
])('%s is refused in one sentence', (_, given, message) => {
	let thrown: unknown;
	try {
		checkWorkersConnection(given);
	} catch (error) {
		thrown = error;
	}
	expect(thrown).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
	expect(JSON.stringify([thrown, (thrown as Error).message])).not.toContain(SECRET);
});

test('the environment names the server of a worker, and its flags win', () => {
	const environment = {
		DINOMALY_REDIS_URL: 'redis://a',
		DINOMALY_REDIS_PASSWORD: SECRET,
		DINOMALY_REDIS_TLS: 'true',
		DINOMALY_REDIS_PREFIX: 'line-3',
	};
	expect(workersConnectionFromEnvironment(environment)).toMatchObject({
		host: 'a',
		password: SECRET,
		tls: true,
		prefix: 'line-3',
	});
	expect(workersConnectionFromEnvironment(environment, { url: 'redis://b', prefix: 'x' })).toMatchObject({
		host: 'b',
		prefix: 'x',
	});
	expect(workersConnectionFromEnvironment({})).toBeUndefined();
});
