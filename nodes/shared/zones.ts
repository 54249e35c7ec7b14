import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import {
	imageSizeOf,
	requestedZone,
	type RequestedZone,
	type ZonesRequest,
} from '../../src/zones/zonesRequest';
import { failed } from './failure';
import { allowedFolder } from './folders';

/** The columns that every table of zones has. */
export const zoneColumns = {
	name: {
		displayName: 'Name',
		name: 'name',
		type: 'string',
		default: '',
		placeholder: 'e.g. seal',
		description: 'What messages call it',
	},
	rectangle: {
		displayName: 'X, Y, Width, Height',
		name: 'rectangle',
		type: 'string',
		default: '',
		placeholder: 'e.g. 120, 80, 200, 150',
		displayOptions: { show: { shape: ['rectangle'] } },
	},
	corners: {
		displayName: 'Corners',
		name: 'corners',
		type: 'string',
		default: '',
		placeholder: 'e.g. 10,10 200,20 120,180',
		description: 'X and y of each corner, in order',
		displayOptions: { show: { shape: ['polygon'] } },
	},
	category: {
		displayName: 'Category',
		name: 'category',
		type: 'string',
		default: '',
		placeholder: 'e.g. bottle',
		description: 'Category that the zone is for; empty means all',
	},
} satisfies Record<string, INodeProperties>;

/** A table of zones to inspect and to ignore. */
export const zonesProperty: INodeProperties = {
	displayName: 'Zones',
	name: 'zones',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	placeholder: 'Add zone',
	default: {},
	description:
		'Parts of the image to inspect or to ignore, in pixels of the original image counted from its upper left corner',
	options: [
		{
			displayName: 'Zone',
			name: 'rows',
			values: [
				zoneColumns.name,
				{
					displayName: 'Use',
					name: 'use',
					type: 'options',
					default: 'ignore',
					options: [
						{
							name: 'Ignore',
							value: 'ignore',
							description: 'What lies in it is never inspected',
						},
						{
							name: 'Inspect',
							value: 'inspect',
							description: 'Only what lies in it, or in another such zone, is inspected',
						},
					],
				},
				{
					displayName: 'Shape',
					name: 'shape',
					type: 'options',
					default: 'rectangle',
					options: [
						{
							name: 'Mask',
							value: 'mask',
							description: 'An image that is white where the zone is',
						},
						{ name: 'Polygon', value: 'polygon' },
						{ name: 'Rectangle', value: 'rectangle' },
					],
				},
				zoneColumns.rectangle,
				zoneColumns.corners,
				{
					displayName: 'Mask File',
					name: 'maskFile',
					type: 'string',
					default: '',
					placeholder: 'e.g. inspection/seal.png',
					description:
						'Image of the size of the others, white where the zone is and black elsewhere',
					displayOptions: { show: { shape: ['mask'] } },
				},
				zoneColumns.category,
			],
		},
	],
};

export const zonesSizeProperty: INodeProperties = {
	displayName: 'Zones Drawn On',
	name: 'zonesImageSize',
	type: 'string',
	default: '',
	placeholder: 'e.g. 640x480',
	description:
		'Width and height in pixels of the image that the zones were drawn on; empty when they are masks. Images of other sizes, but the same proportions, have them scaled.',
};

/** What a row of the table holds. */
interface Row {
	readonly name?: string;
	readonly use?: string;
	readonly shape?: 'rectangle' | 'polygon' | 'mask';
	readonly rectangle?: string;
	readonly corners?: string;
	readonly maskFile?: string;
	readonly category?: string;
}

/**
 * The zones of a table at a parameter path such as `options.`; undefined when it has no row. Throws NodeOperationError for a mask that n8n
 * keeps out of reach, CONFIG_INVALID for what is no zone.
 */
export async function readZones(
	context: IExecuteFunctions,
	index: number,
	path = '',
): Promise<ZonesRequest | undefined> {
	const rows = context.getNodeParameter(`${path}zones.rows`, index, []) as Row[];
	const size = (context.getNodeParameter(`${path}zonesImageSize`, index, '') as string).trim();
	if (rows.length === 0 && size === '') return undefined;
	if (rows.length === 0)
		throw failed(
			context.getNode(),
			{
				message: 'Expected a zone in "Zones", found none',
				hint: 'Add a zone to inspect or to ignore, or leave "Zones Drawn On" empty.',
			},
			index,
		);
	const zones: RequestedZone[] = [];
	for (const [i, row] of rows.entries()) zones.push(await toZone(context, index, { row, number: i + 1 }));
	return { ...(size !== '' && { size: imageSizeOf(size) }), zones };
}

async function toZone(
	context: IExecuteFunctions,
	index: number,
	{ row, number }: { readonly row: Row; readonly number: number },
): Promise<RequestedZone> {
	const {
		name = '',
		use = 'ignore',
		shape = 'rectangle',
		rectangle = '',
		corners = '',
		category = '',
	} = row;
	const zone = {
		name: name.trim() === '' ? String(number) : name.trim(),
		use,
		category: category.trim(),
	};
	if (shape === 'rectangle') return requestedZone({ ...zone, rectangle });
	if (shape === 'polygon') return requestedZone({ ...zone, polygon: corners });
	const { maskFile = '' } = row;
	const mask = await allowedFolder(context, index, { value: maskFile, label: 'Mask File', what: 'file' });
	return requestedZone({ ...zone, mask });
}
