import { createHash } from 'node:crypto';
import type { ScoreOutcome } from '../../src/scoring/request';

/** Which parts of an outcome were asked for beside the score. */
export interface AskedOutputs {
	readonly heatmap: boolean;
	readonly rawMap: boolean;
}

/** All of an outcome that must be the same every time, bit for bit: not the item's name, and not how long it took. */
export function fingerprint(outcome: ScoreOutcome, { heatmap, rawMap }: AskedOutputs): string {
	const { file } = outcome;
	if ('error' in outcome) {
		const { code, message } = outcome.error;
		return JSON.stringify({ code, message: message.replaceAll(file, '*') });
	}
	const parts = {
		...(heatmap && { heatmapPng: digest(outcome.heatmapPng) }),
		...(rawMap && { rawMap: digest(outcome.rawMap) }),
	};
	// JSON writes a number so that it reads back as the same bits.
	return JSON.stringify({
		...outcome,
		...{ file: undefined, timings: undefined, mapWidth: undefined, mapHeight: undefined },
		...{ heatmapPng: undefined, maskPng: undefined, rawMap: undefined },
		...parts,
	});
}

function digest(part: Uint8Array | Float32Array | undefined): string | null {
	if (part === undefined) return null;
	const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
	return createHash('sha256').update(bytes).digest('hex');
}
