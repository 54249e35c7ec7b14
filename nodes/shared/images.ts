import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { failed } from './failure';
import { addHintOnce } from './hints';

export interface ItemImage {
	/** File name to report; made up from field and item when there is none. */
	readonly name: string;
	readonly bytes: Uint8Array;
	/** Binary field that the image was found in. */
	readonly field: string;
}

/** Where an item has its image, without reading it. */
export interface ImageField {
	readonly field: string;
	readonly data: IBinaryData;
}

/**
 * The image of item `index`: the binary field `fieldName`, or, when the item has none of that name, the first binary field that holds an
 * image, with a hint that says so. Throws NodeOperationError when there is no image at all.
 */
export async function readImage(
	context: IExecuteFunctions,
	index: number,
	fieldName: string,
): Promise<ItemImage> {
	const { field, data } = findImage(context, index, fieldName);
	const bytes = await context.helpers.getBinaryDataBuffer(index, field);
	return { name: data.fileName ?? `${field} of item ${index}`, bytes, field };
}

/** Finds the image of item `index` as `readImage` does. */
export function findImage(context: IExecuteFunctions, index: number, fieldName: string): ImageField {
	const { binary = {} } = context.getInputData()[index];
	if (Object.hasOwn(binary, fieldName)) return { field: fieldName, data: binary[fieldName] };
	const fields = Object.keys(binary);
	const field = fields.find((name) => isImage(binary[name]));
	if (field === undefined) throw noImage(context, index, { fieldName, fields });
	addHintOnce(
		context,
		`The input has no binary field "${fieldName}": the image in "${field}" was used. Set Input Binary Field to "${field}" to silence this.`,
	);
	return { field, data: binary[field] };
}

/** Whether n8n takes binary data for an image. */
export function isImage({ mimeType, fileType }: IBinaryData): boolean {
	return fileType === 'image' || mimeType.startsWith('image/');
}

function noImage(
	context: IExecuteFunctions,
	index: number,
	{ fieldName, fields }: { fieldName: string; fields: readonly string[] },
): Error {
	const found =
		fields.length === 0 ? 'no binary data' : `binary fields ${fields.join(', ')}, none an image`;
	return failed(
		context.getNode(),
		{
			message: `Expected an image in binary field "${fieldName}", found ${found}`,
			hint: 'Pass images on as binary data, for example from Read/Write Files from Disk, a webhook or HTTP Request with a file as response.',
		},
		index,
	);
}
