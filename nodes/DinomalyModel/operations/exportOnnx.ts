import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import type { IBinaryKeyData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { validateName } from '../../../src/store/names';
import { cancelSignal } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { allowedFolder } from '../../shared/folders';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { readStore } from '../../shared/store';
import { openStore, optionsWithStore } from '../storeOptions';
import { inTemporaryFolder } from '../temporaryFolder';

export const option = {
	name: 'Export to ONNX',
	value: 'exportOnnx',
	action: 'Export a model to ONNX',
	description: 'Write a model as one self-contained ONNX file: image in, anomaly map and score out',
};

export const description = shownFor(option.value, [
	modelProperty,
	{
		displayName: 'Export To',
		name: 'exportTo',
		type: 'options',
		default: 'folder',
		description: 'Where the file goes',
		options: [
			{ name: 'Binary Field', value: 'binary', description: 'Pass the file on in the item' },
			{ name: 'Folder', value: 'folder', description: 'Write the file to a folder of this machine' },
		],
	},
	{
		displayName: 'Folder',
		name: 'exportFolder',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. inspection/export',
		description:
			'Folder for the file, made when absent; a relative path counts from the first folder that n8n allows file access to',
		displayOptions: { show: { exportTo: ['folder'] } },
	},
	{
		displayName: 'Put Output File in Field',
		name: 'outputField',
		type: 'string',
		default: 'data',
		required: true,
		hint: 'The name of the output binary field to put the file in',
		displayOptions: { show: { exportTo: ['binary'] } },
	},
	optionsWithStore({
		displayName: 'File Name',
		name: 'fileName',
		type: 'string',
		default: '',
		placeholder: 'e.g. bottles.onnx',
		description: 'Empty means name and version of the model; a file that is there is replaced',
	}),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const store = await openStore(context, index);
		const { name, version } = await store.resolve(readModel(context, index));
		const fileName = readFileName(context, index, `${name}-${version}.onnx`);
		const write = async (folder: string) => {
			const request = {
				store: await readStore(context, index),
				model: `${name}@${version}`,
				onnxPath: join(folder, fileName),
			};
			return engineFor(context).exportModel(request, { signal: cancelSignal(context) });
		};
		if (context.getNodeParameter('exportTo', index, 'folder') === 'folder') {
			const value = context.getNodeParameter('exportFolder', index, '');
			const folder = await allowedFolder(context, index, { value, label: 'Folder' });
			// The file itself may be a link that leads elsewhere.
			const file = await allowedFolder(context, index, {
				value: join(folder, fileName),
				label: 'File Name',
				what: 'file',
			});
			const { bytes } = await write(folder);
			return { json: { model: name, version, file, fileName, bytes } };
		}
		const field = context.getNodeParameter('outputField', index, 'data') as string;
		return inTemporaryFolder(async (folder) => {
			const { path, bytes } = await write(folder);
			const data = await context.helpers.prepareBinaryData(
				createReadStream(path),
				basename(path),
				'application/octet-stream', // n8n would take it for text
			);
			const binary: IBinaryKeyData = { [field]: data };
			return { json: { model: name, version, file: null, fileName, bytes }, binary };
		});
	});
}

function readFileName(context: IExecuteFunctions, index: number, fallback: string): string {
	const given = (context.getNodeParameter('options.fileName', index, '') as string).trim();
	if (given === '') return fallback;
	return validateName(given.endsWith('.onnx') ? given : `${given}.onnx`, 'file');
}
