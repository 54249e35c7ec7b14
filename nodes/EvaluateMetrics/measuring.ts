import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { DEFAULT_MAX_FPR } from '../../src/evaluation/metrics/aupro';
import type { MaskRuleName, PixelMode } from '../../src/evaluation/request';
import { failed } from '../shared/failure';

/** Options on how pixels are measured. */
export const measuringOptions = {
	maxFpr: {
		displayName: 'AUPRO Limit',
		name: 'maxFpr',
		type: 'number',
		typeOptions: { minValue: 0.001, maxValue: 1 },
		default: DEFAULT_MAX_FPR,
		description:
			'Share of good pixels flagged, up to which AUPRO averages. Published figures use 0.3; a smaller limit looks at what an inspection would tolerate.',
	},
	maskRule: {
		displayName: 'Mask Rule',
		name: 'maskRule',
		type: 'options',
		default: 'nonzero',
		description: 'Which pixels of a mask count as anomalous after it was resized',
		options: [
			{ name: 'Above 0', value: 'nonzero', description: 'As the reference does' },
			{ name: 'Above One Half', value: 'half', description: 'Leaves soft edges out' },
		],
	},
	pixelMode: {
		displayName: 'Pixel Metrics',
		name: 'pixelMode',
		type: 'options',
		default: 'auto',
		description: 'How the scores of pixels are kept while they are measured',
		options: [
			{
				name: 'Automatic',
				value: 'auto',
				description: 'Exact up to 1,024 images of a category, of bounded memory beyond',
			},
			{
				name: 'Bounded Memory',
				value: 'histogram',
				description: 'Counts scores in fine bins; every figure comes with a bound on its error',
			},
			{
				name: 'Exact',
				value: 'exact',
				description: 'Keeps every score: about half a GB for each 1,000 images of a category',
			},
		],
	},
} satisfies Record<string, INodeProperties>;

/** What these options ask of item `index`. Throws NodeOperationError on a limit out of range. */
export function readMeasuring(
	context: IExecuteFunctions,
	index: number,
): { readonly maskRule: MaskRuleName; readonly maxFpr: number; readonly pixelMode: PixelMode } {
	const maxFpr: unknown = context.getNodeParameter('options.maxFpr', index, DEFAULT_MAX_FPR);
	if (typeof maxFpr !== 'number' || !(maxFpr > 0 && maxFpr <= 1))
		throw failed(
			context.getNode(),
			{
				message: `Expected "AUPRO Limit" to be a number above 0 and at most 1, found ${JSON.stringify(maxFpr) as string | undefined}`,
				hint: 'The usual limit is 0.3.',
			},
			index,
		);
	return {
		maskRule: context.getNodeParameter('options.maskRule', index, 'nonzero') as MaskRuleName,
		maxFpr,
		pixelMode: context.getNodeParameter('options.pixelMode', index, 'auto') as PixelMode,
	};
}
