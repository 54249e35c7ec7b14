import { binScores } from '../../../src/evaluation/report/histogram';
import { renderReport } from '../../../src/evaluation/report/page';
import { sampleRun } from '../../store/sampleRun';

const EVIL = `<script>alert("x")</script>'&`;

test('whatever names hold, it stays text', () => {
	const run = sampleRun({
		dataset: { root: EVIL, fingerprint: null },
		notices: [EVIL],
		categories: sampleRun().categories.map((row) => ({
			...row,
			category: EVIL,
			reasons: { aupro: EVIL },
		})),
		images: sampleRun().images.map((image) => ({ ...image, file: EVIL, category: EVIL })),
	});
	const picture = Uint8Array.of(1, 2, 3);
	const page = renderReport({
		run,
		previous: run,
		verdict: { passed: false, reason: `Failed: ${EVIL}` },
		examples: [
			{ ...run.images[0], kind: 'miss', threshold: 1, picture, heatmap: picture },
			{ ...run.images[0], kind: 'falseAlarm', label: EVIL, threshold: 1, picture, heatmap: picture },
		],
	});
	expect(page).not.toContain('<script');
	expect(page).not.toContain('alert("x")');
	expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;');
	expect(page).toContain('src="data:image/jpeg;base64,AQID"');
});

test('every opened element is closed, in order', () => {
	const page = renderReport({ run: sampleRun(), previous: sampleRun(), examples: [] });
	const empty = new Set(['meta', 'img', 'rect', 'line', 'br', '!doctype']);
	const open: string[] = [];
	for (const [, slash, name, selfClosing] of page.matchAll(
		/<(\/?)(!?[a-z][a-z0-9]*)\b(?:"[^"]*"|[^">])*?(\/?)>/g,
	)) {
		if (empty.has(name) || selfClosing === '/') continue;
		if (slash === '') open.push(name);
		else expect(open.pop()).toBe(name);
	}
	expect(open).toEqual([]);
});

test('the page loads nothing and runs nothing', () => {
	const page = renderReport({ run: sampleRun(), examples: [] });
	expect(page).toContain("default-src 'none'");
	expect(page).not.toMatch(/<script|<link|https?:|url\(|@import|\son\w+=/);
});

test('it says how many images a figure rests on, why one is absent, and that few images are few', () => {
	const page = renderReport({ run: sampleRun(), examples: [] });
	expect(page).toContain('bolt, no AUPRO: No masks');
	expect(page).toContain('1 of 2 (50.0 %)');
	expect(page).toContain('Fewer than 30 good or 30 defective images in bolt');
});

test('a figure has its confidence interval beside it, and a run of the first version none', () => {
	expect(renderReport({ run: sampleRun(), examples: [] })).toContain('0.125 to 0.875');
	const old = sampleRun().categories.map((row) => ({ ...row, intervals: undefined }));
	expect(renderReport({ run: sampleRun({ categories: old }), examples: [] })).not.toContain('95 %');
});

test('a run without gate, earlier run, threshold or scores is still a page', () => {
	const [row] = sampleRun().categories;
	const page = renderReport({
		run: sampleRun({
			categories: [{ ...row, threshold: null, falseAlarms: null, misses: null }],
			images: [],
			source: 'items',
			model: { name: '', version: '', sha256: '' },
		}),
		examples: [],
	});
	expect(page).not.toContain('Gate');
	expect(page).not.toContain('undefined');
	expect(page).not.toContain('NaN');
});

test('each score is in one bin, the threshold within their range, also when all scores are equal', () => {
	for (const scores of [[0.1, 0.2, 0.9], [5, 5], [0], [-3, 1e6]]) {
		const bins = binScores(
			scores.map((score, i) => ({ score, anomalous: i % 2 === 1 })),
			0.5,
		);
		const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
		expect(sum(bins.good) + sum(bins.anomalous)).toBe(scores.length);
		expect(bins.low).toBeLessThan(0.5);
		expect(bins.low + bins.width * bins.good.length).toBeGreaterThan(0.5);
	}
});
