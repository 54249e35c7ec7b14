import { makeReport } from '../../../src/evaluation/report/make';
import { imageHeader } from '../../../src/runtime/images';
import { sampleRun } from '../../store/sampleRun';
import { largeRun } from './support';

const { signal } = new AbortController();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

test('each part is a file, asked for once or twice; plots are pictures that say whose they are', async () => {
	const run = largeRun(2, 20);
	const { files } = await makeReport(
		{ data: { run, examples: [] }, parts: ['html', 'markdown', 'html', 'json', 'plots'] },
		{ signal },
	);
	expect(files.map(({ name }) => name)).toEqual([
		'report.html',
		'report.md',
		'report.json',
		...['auroc', 'roc-all', 'pr-all', 'pro-all'].map((name) => `plots/${name}.png`),
		...['0', '1'].flatMap((i) =>
			['scores', 'roc', 'pr', 'pro'].map((kind) => `plots/${kind}-product-${i}.png`),
		),
	]);
	expect(files.find(({ name }) => name === 'plots/roc-product-1.png')).toMatchObject({
		mime: 'image/png',
		category: 'product 1',
		title: 'ROC: product 1',
	});
	for (const { bytes } of files.filter(({ part }) => part === 'plots'))
		expect(await imageHeader(bytes)).toMatchObject({ format: 'png', width: expect.any(Number) });
});

test('the JSON has all that the page says, and no pictures', async () => {
	const run = sampleRun();
	const example = { ...run.images[0], kind: 'falseAlarm', threshold: 0.05 } as const;
	const pictures = { picture: Uint8Array.of(1), heatmap: Uint8Array.of(2), truth: null };
	const verdict = { passed: false, reason: 'Failed: too low' };
	const { files } = await makeReport(
		{
			data: { run, previous: run, verdict, examples: [{ ...example, ...pictures }] },
			parts: ['json'],
		},
		{ signal },
	);
	const json: unknown = JSON.parse(text(files[0].bytes));
	expect(json).toMatchObject({
		schemaVersion: 1,
		answer: 'no',
		gate: verdict,
		falseAlarms: { count: 1, of: 2, share: 0.5 },
		misses: { count: 0, of: 1, share: 0 },
		images: 3,
		few: ['bolt'],
		run: { id: run.id },
		defectTypes: [{ label: 'cut', images: 1, found: 1 }],
		comparison: { run: { id: run.id } },
	});
	expect((json as { examples: unknown[] }).examples).toEqual([example]);
});

test('the Markdown answers first, and no name becomes markup or a cell of its own', async () => {
	const evil = 'a|b*c*<img src=x>[l](u)`\n# h';
	const [row] = sampleRun().categories;
	const run = sampleRun({
		categories: [{ ...row, category: evil }],
		images: sampleRun().images.map((image) => ({ ...image, category: evil })),
	});
	const { files } = await makeReport(
		{
			data: { run, verdict: { passed: true, reason: 'Passed: fine' }, examples: [] },
			parts: ['markdown'],
		},
		{ signal },
	);
	const lines = text(files[0].bytes).split('\n');
	expect(lines[0]).toBe('# tiny version 1: may it run?');
	expect(lines[2]).toMatch(/^✅ \*\*Yes, by the gate/);
	expect(lines.filter((line) => line.startsWith('#'))).toEqual([
		'# tiny version 1: may it run?',
		'## Per category',
		'## Which defects are found',
	]);
	const cells = lines.filter((line) => line.startsWith('|')).map((line) => line.split(/(?<!\\)\|/).length);
	expect(new Set(cells)).toEqual(new Set([10, 6]));
	expect(text(files[0].bytes)).not.toMatch(/(?<!\\)<img/);
	expect(text(files[0].bytes)).toContain('a\\|b\\*c\\*\\<img src=x\\>\\[l\\](u)\\` # h');
});

test('drawing plots ends when it is cancelled', async () => {
	const stop = new AbortController();
	stop.abort();
	await expect(
		makeReport({ data: { run: largeRun(2, 4), examples: [] }, parts: ['plots'] }, stop),
	).rejects.toThrow();
});

test('the answer says that a category changed by more than chance exactly when the comparison does', async () => {
	const run = largeRun(2, 200);
	const worse = {
		...run,
		images: run.images.map((image) =>
			image.category === 'product 1' && image.anomalous
				? { ...image, score: image.score - 0.5 }
				: image,
		),
	};
	const { files } = await makeReport(
		{ data: { run: worse, previous: run, examples: [] }, parts: ['json'] },
		{ signal },
	);
	const { sentences } = JSON.parse(text(files[0].bytes)) as { sentences: string[] };
	expect(sentences.at(-1)).toMatch(/more than chance in product 1\.$/);
});
