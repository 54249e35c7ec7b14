import type { EvaluationRun } from '../../src/store/evaluationRun';
import { newRunId } from '../../src/store/runId';

/** A small, whole evaluation run. */
export function sampleRun(changes: Partial<EvaluationRun> = {}): EvaluationRun {
	const created = changes.created ?? '2026-01-31T12:00:00.000Z';
	return {
		schemaVersion: 1,
		id: newRunId(new Date(created)),
		created,
		source: 'dataset',
		model: { name: 'tiny', version: '1', sha256: 'a'.repeat(64) },
		encoder: { name: 'embedded', sha256: 'b'.repeat(64) },
		preprocessing: { imageSize: 448, cropSize: 392 },
		dataset: { root: 'parts', fingerprint: 'c'.repeat(64) },
		device: 'cpu',
		maskRule: 'nonzero',
		versions: { package: '0.1.0' },
		categories: [
			{
				category: 'bolt',
				good: 2,
				anomalous: 1,
				withMask: 0,
				metrics: { imageAuroc: 0.5, aupro: null },
				intervals: { imageAuroc: [0.125, 0.875], imageAp: null },
				reasons: { aupro: 'No masks' },
				threshold: 0.25,
				falseAlarms: 1,
				misses: 0,
			},
		],
		mean: { imageAuroc: 0.5, aupro: null },
		images: [
			{ file: 'bolt/test/good/0.png', category: 'bolt', label: 'good', anomalous: false, score: 0.1 },
			{ file: 'bolt/test/good/1.png', category: 'bolt', label: 'good', anomalous: false, score: 0.3 },
			{ file: 'bolt/test/cut/0.png', category: 'bolt', label: 'cut', anomalous: true, score: 0.4 },
		],
		failures: 0,
		notices: ['The embedded encoder was used'],
		seconds: 1.5,
		...changes,
	};
}
