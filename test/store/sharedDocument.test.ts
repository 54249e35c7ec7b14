import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALARM_BOOK, type AlarmOutcome } from '../../src/routing/alarm/alarmBook';
import type { AlarmRule } from '../../src/routing/alarm/rule';
import { SharedDocument, type DocumentFormat } from '../../src/store/sharedDocument';
import { ended, message, start } from './processes/start';
import { temporaryFolder } from './sampleModel';

const root = temporaryFolder();
const outside = temporaryFolder();

interface Counts {
	readonly seen: number;
}
const COUNTS: DocumentFormat<Counts> = {
	schemaVersion: 2,
	maxBytes: 1000,
	empty: () => ({ seen: 0 }),
	parse: (fields) => ({ seen: fields.count('seen') }),
	print: (value) => value,
};
const placeOf = (name: string) => ({
	root,
	path: join(root, 'alarms', `${name}.json`),
	lock: join(root, 'locks', name),
	what: `the memory "${name}"`,
});
const documentOf = (name: string) => new SharedDocument(placeOf(name), COUNTS);
const addOne = ({ seen }: Counts) => ({ value: { seen: seen + 1 }, result: seen + 1 });

function plant(name: string, text: string): void {
	mkdirSync(join(root, 'alarms'), { recursive: true });
	writeFileSync(placeOf(name).path, text);
}

test('a document begins empty, and every change is on the disk when it is told', async () => {
	const document = documentOf('first');
	expect(await document.read()).toEqual({});
	expect(await document.update(addOne)).toEqual({ result: 1 });
	expect(JSON.parse(readFileSync(placeOf('first').path, 'utf8'))).toEqual({ schemaVersion: 2, seen: 1 });
	expect(await documentOf('first').read()).toEqual({ value: { seen: 1 } });
});

test('a hundred changes at once in one process all count, in their order, with few writes', async () => {
	const results = await Promise.all(
		Array.from({ length: 100 }, () => documentOf('hundred').update(addOne)),
	);
	expect(results.map(({ result }) => result)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
	const [lock] = readdirSync(placeOf('hundred').lock);
	expect(Number.parseInt(lock)).toBeLessThanOrEqual(3);
});

test('a change that throws leaves the document as it is, and the others with it', async () => {
	const document = documentOf('throws');
	const refuse = () => {
		throw new Error('no');
	};
	const [first, second, third] = await Promise.allSettled([
		document.update(addOne),
		document.update(refuse),
		document.update(addOne),
	]);
	expect(first).toMatchObject({ value: { result: 1 } });
	expect(second).toMatchObject({ reason: new Error('no') });
	expect(third).toMatchObject({ value: { result: 2 } });
	expect(await document.read()).toEqual({ value: { seen: 2 } });
});

test.each([
	['no JSON', '{"schemaVersion":2,"se', /holds? JSON, found 22 bytes that are none/],
	['empty', '', /found 0 bytes that are none/],
	['another shape', '{"schemaVersion":2,"seen":-1}', /Expected "seen" of .* whole number from 0, found -1/],
	['no version', '{"seen":1}', /Expected "schemaVersion" of .*, found nothing/],
	['too large', `{"schemaVersion":2,"seen":1,"more":"${'x'.repeat(1000)}"}`, /at most 1000 bytes/],
])('a damaged file (%s) is set aside and told in one sentence', async (kind, text, words) => {
	const name = `damaged ${kind}`;
	plant(name, text);
	const document = documentOf(name);
	expect((await document.read()).notice).toMatch(words);
	expect((await document.read()).value).toBeUndefined();
	const { result, notice } = await document.update(addOne);
	expect(result).toBe(1);
	expect(notice).toMatch(words);
	expect(notice).toMatch(
		new RegExp(
			`: the memory "${name}" was damaged, is kept as ${name}\\.damaged\\.json and starts afresh$`,
		),
	);
	expect(readFileSync(placeOf(`${name}.damaged`).path, 'utf8')).toBe(text);
	expect(await document.update(addOne)).toEqual({ result: 2 });
});

test('the file of a newer version of the package is left alone', async () => {
	plant('newer', '{"schemaVersion":3,"seen":7}');
	await expect(documentOf('newer').update(addOne)).rejects.toMatchObject({
		code: 'MODEL_INVALID',
		hint: expect.stringContaining('newer version'),
	});
	expect(readFileSync(placeOf('newer').path, 'utf8')).toBe('{"schemaVersion":3,"seen":7}');
});

test('what a process left that died while it wrote is removed, and the content before it counts', async () => {
	plant('halfway', '{"schemaVersion":2,"seen":41}');
	writeFileSync(join(root, 'alarms', '.halfway.json.0123.tmp'), '{"schemaVersion":2,"se');
	expect(await documentOf('halfway').update(addOne)).toEqual({ result: 42 });
	expect(readdirSync(join(root, 'alarms')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('a link that leads out of the store is refused', async () => {
	const place = { ...placeOf('link'), path: join(root, 'linked', 'link.json') };
	symlinkSync(outside, join(root, 'linked'));
	await expect(new SharedDocument(place, COUNTS).update(addOne)).rejects.toMatchObject({
		code: 'MODEL_INVALID',
	});
	expect(readdirSync(outside)).toEqual([]);
});

describe('processes that hammer one key', () => {
	const rule: AlarmRule = {
		bad: 1,
		of: 1,
		countReview: false,
		coolDownMs: 0,
		endAfter: 0,
		forgetAfterMs: 3_600_000,
	};
	const hammer = async (name: string, { bad = 1, coolDownMs = 0 }, { each = 30, atOnce = 5 } = {}) => {
		const folder = join(root, name);
		const text = JSON.stringify({ ...rule, bad, of: bad, coolDownMs });
		const children = [1, 2, 3, 4].map(() =>
			start('alarms.ts', folder, String(each), String(atOnce), text),
		);
		await Promise.all(children.map(message));
		return { folder, children };
	};
	const outcomesOf = async (children: ReturnType<typeof start>[]): Promise<AlarmOutcome[][]> => {
		const told = children.map(
			(child) =>
				new Promise<AlarmOutcome[]>((resolve) => {
					child.on('message', (value) => {
						if (Array.isArray(value)) resolve(value as AlarmOutcome[]);
					});
				}),
		);
		for (const child of children) child.send('go');
		return Promise.all(told);
	};

	test('every fifth of 120 parts from four processes raises an alarm: none is lost, none is double', async () => {
		const { folder, children } = await hammer('fifths', { bad: 5 });
		const outcomes = (await outcomesOf(children)).flat();
		const orders = outcomes.map(({ today }) => today.parts).sort((a, b) => a - b);
		expect(orders).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
		const raised = outcomes.filter(({ decision }) => decision.alarm === 'raised');
		expect(raised.map(({ today }) => today.parts).sort((a, b) => a - b)).toEqual(
			Array.from({ length: 24 }, (_, i) => 5 * (i + 1)),
		);
		expect(readdirSync(join(folder, 'alarms'))).toEqual(['one.json']);
	});

	test('under a cool-down 120 bad parts from four processes are one alarm', async () => {
		const { children } = await hammer('cool', { coolDownMs: 600_000 });
		const outcomes = (await outcomesOf(children)).flat();
		const kinds = outcomes.map(({ decision }) => decision.alarm);
		expect(kinds.filter((kind) => kind === 'raised')).toHaveLength(1);
		expect(kinds.filter((kind) => kind === 'suppressed')).toHaveLength(119);
	});

	test('processes that are killed while they write lose nothing that was told, and stop nobody', async () => {
		const { folder, children } = await hammer('killed', { bad: 5 }, { each: 100_000, atOnce: 1 });
		let told = 0;
		for (const child of children)
			child.on('message', () => {
				told++;
			});
		for (const child of children) child.send('go');
		for (const child of children) {
			const before = told;
			while (told < before + 15) await message(child);
			child.kill('SIGKILL');
			await ended(child);
		}
		const place = {
			root: folder,
			path: join(folder, 'alarms', 'one.json'),
			lock: join(folder, 'locks', 'one'),
		};
		const memory = new SharedDocument({ ...place, what: 'the memory' }, ALARM_BOOK);
		const { result, notice } = await memory.update((book) => ({ value: book, result: book.get('[]') }));
		expect(notice).toBeUndefined();
		const [day] = result!.days;
		expect(day.parts).toBeGreaterThanOrEqual(told);
		expect(day.parts).toBeLessThanOrEqual(told + 4);
		expect(day.alarms).toBe(Math.floor(day.parts / 5));
		expect(readdirSync(join(folder, 'alarms'))).toEqual(['one.json']);
	});
});
