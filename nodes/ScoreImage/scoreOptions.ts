import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import {
	checkBatching,
	DEFAULT_LIMITS,
	LARGEST_BATCH,
	type BatchLimits,
} from '../../src/scoring/batchLimits';
import {
	deviceProperty,
	precisionProperty,
	requireDeviceProperty,
	threadsProperty,
} from '../shared/properties';
import { storeProperties } from '../shared/store';
import { onServerProperty, serverModelProperty, serverVersionProperty } from './inferenceServer';
import { engineWorkersProperty } from '../shared/workers';

/** What a score may give as binary data, and the field that it goes to. */
export const OUTPUT_FIELDS = ['heatmap', 'mask', 'rawMap'] as const;

export type OutputField = (typeof OUTPUT_FIELDS)[number];

export const outputsProperty: INodeProperties = {
	displayName: 'Binary Outputs',
	name: 'outputs',
	type: 'multiOptions',
	default: [],
	description: 'What to add to each item as binary data, in the fields heatmap, mask and rawMap',
	options: [
		{
			name: 'Heat Map',
			value: 'heatmap',
			description: 'The image with its anomaly map laid over it, on one colour scale for the model',
		},
		{
			name: 'Mask',
			value: 'mask',
			description: 'White where the image is anomalous, in the size of the image',
		},
		{
			name: 'Raw Map',
			value: 'rawMap',
			description:
				'The anomaly map itself, 256 by 256 float32 values (more with tiles, see mapWidth and mapHeight), for Evaluate Metrics or your own code',
		},
	],
};

export const optionsProperty: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'Batch Size',
			name: 'batchSize',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: LARGEST_BATCH, numberPrecision: 0 },
			default: 16,
			description:
				'How many images at most, of this and of other executions, a device other than the CPU computes together; more need more of its memory',
		},
		{
			displayName: 'Batch Wait (Ms)',
			name: 'batchWaitMs',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 1000, numberPrecision: 0 },
			default: 20,
			description:
				'How long an image waits at most for others to be computed with, where the device is free and others are likely to come',
		},
		{
			displayName: 'Check for Unknown Images',
			name: 'checkDistribution',
			type: 'boolean',
			default: true,
			description:
				'Whether to give the verdict "unknown" to images that are unlike anything seen in training, whatever they score',
		},
		engineWorkersProperty,
		deviceProperty,
		{
			displayName: 'Include Input Fields',
			name: 'includeInput',
			type: 'boolean',
			default: false,
			description: "Whether to keep the fields of the incoming item; the score's own fields win",
		},
		{
			displayName: 'Keep Input Image',
			name: 'keepImage',
			type: 'boolean',
			default: true,
			description: 'Whether to pass the binary data of the incoming item on',
		},
		serverModelProperty,
		precisionProperty,
		requireDeviceProperty,
		onServerProperty,
		...storeProperties,
		threadsProperty,
		serverVersionProperty,
	],
};

/** What a user wants in an output item beside the score. */
export interface OutputChoice {
	readonly fields: readonly OutputField[];
	readonly includeInput: boolean;
	readonly keepImage: boolean;
}

export function readOutputChoice(context: IExecuteFunctions, index: number): OutputChoice {
	const fields: unknown = context.getNodeParameter('outputs', index, []);
	return {
		fields: OUTPUT_FIELDS.filter((field) => Array.isArray(fields) && fields.includes(field)),
		includeInput: context.getNodeParameter('options.includeInput', index, false) as boolean,
		keepImage: context.getNodeParameter('options.keepImage', index, true) as boolean,
	};
}

/** How images are computed together; undefined: as by default. */
export function readBatching(context: IExecuteFunctions, index: number): BatchLimits | undefined {
	const size = context.getNodeParameter('options.batchSize', index, DEFAULT_LIMITS.size) as number;
	const waitMs = context.getNodeParameter('options.batchWaitMs', index, DEFAULT_LIMITS.waitMs) as number;
	if (size === DEFAULT_LIMITS.size && waitMs === DEFAULT_LIMITS.waitMs) return undefined;
	return checkBatching({ size, waitMs });
}
