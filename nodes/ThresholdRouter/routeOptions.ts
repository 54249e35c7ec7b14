import type { INodeProperties } from 'n8n-workflow';
import { storeProperties } from '../shared/store';
import { unknownProperty } from './unknownItem';

/** What the routing takes for granted unless told otherwise. */
export const optionsProperty: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'Category Field',
			name: 'categoryField',
			type: 'string',
			default: 'category',
			description: "Field of the item's JSON that holds its category, dots for nested fields",
		},
		{
			displayName: 'Evaluation Run ID',
			name: 'evaluationRun',
			type: 'string',
			default: '',
			placeholder: 'e.g. 20260131T120000000Z-0123abcd',
			description:
				"Run that Best F1 is taken from, as Evaluate Metrics gives it out; empty means the newest one of the item's model and version",
		},
		{
			displayName: 'Expected Model',
			name: 'expectedModel',
			type: 'string',
			default: '',
			placeholder: 'e.g. bottles, bottles@3 or bottles@production',
			description: 'Model that scores must come from; an item that another has scored is invalid',
		},
		{
			displayName: 'Regions Field',
			name: 'regionsField',
			type: 'string',
			default: 'regions',
			description: "Field of the item's JSON that holds the regions, as Score Image gives them",
			displayOptions: { show: { '/rule': ['regions'] } },
		},
		{
			displayName: 'Smallest Region (Pixels)',
			name: 'smallestRegion',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description: 'Regions with a smaller area do not count',
			displayOptions: { show: { '/rule': ['regions'] } },
		},
		...storeProperties,
		unknownProperty,
		{
			displayName: 'Zone Overlap',
			name: 'zoneOverlap',
			type: 'number',
			typeOptions: { minValue: 0.01, maxValue: 1 },
			default: 0.5,
			description: "Share of a region's box that must lie in zones for the region to be inside",
			displayOptions: { show: { '/rule': ['regions'] } },
		},
	],
};
