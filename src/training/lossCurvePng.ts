import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dotPath } from '../dataset/sample/dotPath';
import { DinomalyError } from '../errors';
import { hasTypeface, renderSvg } from '../runtime/svg';
import { TRAINING_FILE } from '../store/card';
import { openModelStore } from '../store/openModelStore';
import { whenMissing } from '../files/diskError';
import { drawLossCurve, type TextPainter, type TextPlace } from './lossCurve';
import { parseLosses } from './losses';

export interface LossCurveRequest {
	readonly store: string;
	/** Reference of the model. */
	readonly model: string;
}

export interface LossCurvePicture {
	readonly png: Uint8Array;
}

/** Draws the loss of a stored model's training. Throws MODEL_NOT_FOUND, or MODEL_INVALID when its course was not kept. */
export async function lossCurvePng({ store, model }: LossCurveRequest): Promise<LossCurvePicture> {
	const { name, version, path } = await openModelStore(store).open(model);
	const file = join(path, TRAINING_FILE);
	const losses = lossesIn(await whenMissing(readFile(file, 'utf8'), ''));
	if (losses.length === 0) {
		throw new DinomalyError(
			'MODEL_INVALID',
			`Expected the losses of the training in ${file}, found none`,
			{
				hint: 'Models that were imported without this file have no loss curve.',
			},
		);
	}
	const curve = { title: `Training of ${name}, version ${version}`, losses };
	return { png: await renderSvg(drawLossCurve(curve, (await hasTypeface()) ? writeText : dotText)) };
}

/** The losses in the text of a training file, which may come from anybody; none when it holds anything else. */
function lossesIn(text: string): number[] {
	let file: unknown;
	try {
		file = JSON.parse(text);
	} catch {
		return [];
	}
	const losses: unknown =
		typeof file === 'object' && file !== null && 'losses' in file ? file.losses : undefined;
	return parseLosses(losses) ?? [];
}

const INK = '#343a40';

const writeText: TextPainter = (text, place) => {
	const { x, y, size, anchor = 'start', colour = INK } = place;
	return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="${size}" text-anchor="${anchor}" fill="${colour}"${turned(place)}>${escaped(text)}</text>`;
};

/** Letters as dots, for machines without a typeface. */
const dotText: TextPainter = (text, place) => {
	const { x, y, size, anchor = 'start', colour = INK } = place;
	return `<path d="${dotPath(text, { x, y, size, anchor })}" fill="${colour}"${turned(place)}/>`;
};

function turned({ x, y, upright }: TextPlace): string {
	return upright === true ? ` transform="rotate(-90 ${x} ${y})"` : '';
}

function escaped(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
