import type { EvaluationExample, ExampleKind } from '../../../src/evaluation/request';
import { sampleRun } from '../../store/sampleRun';
import { largeRun, page } from './support';

const EVIL = `<script>alert("x")</script>'&`;
const NBSP = '\u00a0';

const example = (kind: ExampleKind, changes: Partial<EvaluationExample> = {}): EvaluationExample => ({
	...sampleRun().images[kind === 'miss' || kind === 'sureDefect' ? 2 : 0],
	kind,
	threshold: 1,
	picture: Uint8Array.of(1, 2, 3),
	heatmap: Uint8Array.of(4, 5, 6),
	truth: kind === 'miss' ? Uint8Array.of(7, 8, 9) : null,
	...changes,
});

test('how images were brought to the encoder is told, with the tiles they were cut into', async () => {
	const whole = await page({ run: sampleRun() });
	expect(whole).toContain('<dd>resized to 448 px, centre 392 px</dd>');
	const preprocessing = {
		imageSize: 224,
		cropSize: 224,
		tiling: { kind: 'side', sidePx: 280, overlap: 0.25 },
	} as const;
	const tiled = await page({ run: sampleRun({ preprocessing }) });
	expect(tiled).toContain('<dd>cut into tiles of 280 px that overlap by 25 %, each resized to 224 px</dd>');
});

test('whatever names hold, it stays text, in tables, plots and pictures alike', async () => {
	const run = sampleRun({
		dataset: { root: EVIL, fingerprint: null },
		notices: [EVIL],
		categories: sampleRun().categories.map((row) => ({
			...row,
			category: EVIL,
			reasons: { aupro: EVIL },
		})),
		images: sampleRun().images.map((image) => ({ ...image, file: EVIL, category: EVIL, label: EVIL })),
	});
	const html = await page({
		run,
		previous: run,
		verdict: { passed: false, reason: `Failed: ${EVIL}` },
		examples: [
			example('miss', { category: EVIL, label: EVIL, file: EVIL }),
			example('falseAlarm', { category: EVIL, label: EVIL, file: EVIL }),
		],
	});
	expect(html).not.toContain('<script');
	expect(html).not.toContain('alert("x")');
	expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;');
	expect(html).toContain('src="data:image/jpeg;base64,AQID"');
	expectWellFormed(html);
});

test('every opened element is closed, in order, with one category and with many', async () => {
	expectWellFormed(await page({ previous: sampleRun() }));
	expectWellFormed(
		await page({ run: largeRun(6, 20), previous: largeRun(5, 20), examples: [example('sureDefect')] }),
	);
});

test('the page loads nothing and runs nothing', async () => {
	const html = await page({ run: largeRun(3, 10), examples: [example('miss')] });
	expect(html).toContain("default-src 'none'");
	expect(html).not.toMatch(/<script|<link|<iframe|https?:|url\(|@import|\son\w+=/);
	for (const [, target] of html.matchAll(/\s(?:src|href)="([^"]*)"/g))
		expect(target).toMatch(/^(#|data:image\/jpeg;base64,)/);
	for (const [, id] of html.matchAll(/href="#([^"]*)"/g)) expect(html).toContain(`id="${id}"`);
});

test('the first thing to read is whether the model may run, with how many images and how sure', async () => {
	const failed = await page({ verdict: { passed: false, reason: 'Failed: image AUROC is too low' } });
	const answer = failed.slice(failed.indexOf('May this model run?'), failed.indexOf('class="tiles"'));
	expect(answer).toContain('No: it does not pass the gate');
	expect(answer).toContain('Image AUROC is too low.');
	expect(answer).toContain('Of 2 good images it stops 1 as anomalous');
	expect(answer).toContain('Of 1 defective image it lets none pass as good');
	expect(answer).toContain('fewer than 30 good or 30 defective ones');
	expect(failed.indexOf('May this model run?')).toBeLessThan(failed.indexOf('<table'));

	const passed = await page({ verdict: { passed: true, reason: 'Passed: fine' }, run: largeRun(2, 80) });
	expect(passed).toContain('Yes: it passes the gate');
	expect(await page()).toContain('No gate was set');
});

test('it says why a figure is absent, and shows intervals where a run has them', async () => {
	const html = await page();
	expect(html).toContain('bolt, no AUPRO: No masks');
	expect(html).toContain(`1 (50${NBSP}%)`);
	expect(html).toContain('0.125 to 0.875');
	const old = sampleRun().categories.map((row) => ({ ...row, intervals: undefined }));
	expect(await page({ run: sampleRun({ categories: old }) })).not.toContain('0.125 to 0.875');
});

test('each kind of defect has the share found', async () => {
	const html = await page();
	expect(html).toContain('Which defects are found');
	expect(html).toContain(`1 of 1 (100${NBSP}%)`);
	expect(await page({ run: sampleRun({ images: [] }) })).not.toContain('Which defects are found');
});

test('pictures come in threes with what is known of the truth, and each has its words', async () => {
	const html = await page({
		examples: [
			example('miss'),
			example('miss', { truth: null }),
			example('falseAlarm'),
			example('sureDefect'),
			example('sureGood'),
		],
	});
	for (const title of ['Worst misses', 'Worst false alarms', 'Surest finds', 'Surest good ones'])
		expect(html).toContain(`<h3>${title}</h3>`);
	expect(html).toContain('base64,BwgJ"');
	expect(html).toContain('Defective, but without a mask');
	expect(html).toContain('Good: nothing to find');
	for (const [image] of html.matchAll(/<img [^>]*>/g)) expect(image).toMatch(/alt="[^"]+"/);
	for (const [svg] of html.matchAll(/<svg [^>]*>/g))
		expect(svg).toMatch(/role="img" aria-label="[^"]+"|aria-hidden="true"/);
});

test('headings descend one level at a time, tables have headers with a scope, and what scrolls takes the focus', async () => {
	const html = await page({ run: largeRun(3, 20), examples: [example('miss')], previous: largeRun(3, 20) });
	const levels = [...html.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
	expect(levels[0]).toBe(1);
	expect(levels.filter((level) => level === 1)).toHaveLength(1);
	for (let i = 1; i < levels.length; i++) expect(levels[i] - levels[i - 1]).toBeLessThanOrEqual(1);
	for (const [head] of html.matchAll(/<th[ >][^>]*/g)) expect(head).toMatch(/scope="(?:col|row)"/);
	for (const [scroll] of html.matchAll(/<div class="scroll"[^>]*/g))
		expect(scroll).toMatch(/tabindex="0"\s+role="region"\s+aria-label="[^"]+"/);
	expect(html).toContain('<html lang="en">');
});

test('a run without gate, earlier run, threshold, masks or scores is still a page', async () => {
	const [row] = sampleRun().categories;
	const bare = { ...row, threshold: null, falseAlarms: null, misses: null };
	const unknown = { source: 'items', model: { name: '', version: '', sha256: '' } } as const;
	const goodOnly = sampleRun().images.filter(({ anomalous }) => !anomalous);
	const pages = await Promise.all([
		page({ run: sampleRun({ categories: [bare], images: [], ...unknown }) }),
		page({ run: sampleRun({ categories: [bare], ...unknown }) }),
		page({ run: sampleRun({ categories: [{ ...row, anomalous: 0, misses: 0 }], images: goodOnly }) }),
		page({
			run: sampleRun({
				categories: [{ ...row, good: 0, falseAlarms: 0 }],
				images: sampleRun().images.slice(2),
			}),
		}),
		page({ run: sampleRun({ categories: [], images: [] }) }),
	]);
	for (const html of pages) {
		expect(html).not.toMatch(/undefined|NaN|Infinity|\[object/);
		expectWellFormed(html);
	}
	expect(pages[0]).toContain('There is no threshold for any category');
	expect(pages[2]).not.toContain('<figcaption>ROC');
	expect(pages[2]).toContain('<figcaption>Scores');
});

test('50 categories with 2,000 images each and large pictures stay below 5 MB, and say what was left out', async () => {
	const run = largeRun(50, 2000);
	const picture = new Uint8Array(60_000).fill(65);
	const kinds: readonly ExampleKind[] = ['miss', 'falseAlarm', 'sureDefect', 'sureGood'];
	const examples = kinds.flatMap((kind) =>
		Array.from({ length: 12 }, () =>
			example(kind, { picture, heatmap: picture, truth: kind === 'miss' ? picture : null }),
		),
	);
	const html = await page({ run, previous: run, examples });
	expect(Buffer.byteLength(html)).toBeLessThan(5_000_000);
	expect(html).toContain('images more would have made this report too large to send');
	for (const title of ['Worst misses', 'Surest good ones']) expect(html).toContain(title);
	expect(html.match(/<details class="category"/g)).toHaveLength(50);
	expect(html.match(/<details class="category" open/g)).toHaveLength(2);
	expectWellFormed(html);
}, 120_000);

test('of a thousand categories the weakest have plots, and the page says so', async () => {
	const html = await page({ run: largeRun(1000, 4) });
	expect(Buffer.byteLength(html)).toBeLessThan(5_000_000);
	expect(html).toMatch(/The plots of \d+ stronger categories would have made/);
	expect(html).toContain('<h3>product 0</h3>');
});

function expectWellFormed(html: string): void {
	const empty = new Set(['meta', 'img', 'rect', 'path', 'circle', 'br', '!doctype']);
	const open: string[] = [];
	for (const [, slash, name, selfClosing] of html.matchAll(
		/<(\/?)(!?[a-z][a-z0-9]*)\b(?:"[^"]*"|[^">])*?(\/?)>/g,
	)) {
		if (empty.has(name) || selfClosing === '/') continue;
		if (slash === '') open.push(name);
		else if (open.pop() !== name) throw new Error(`</${name}> closes another element`);
	}
	expect(open).toEqual([]);
}
