import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import type { IBinaryKeyData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { inTemporaryFolder } from '../../../src/files/temporaryFolder';
import { serverName, type ExportRequest, type ExportResult } from '../../../src/export/request';
import { EXPORTED_FOLDER } from '../../../src/store/exportedFolder';
import { validateName } from '../../../src/store/names';
import { cancelSignal } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { allowedFolder } from '../../shared/folders';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { readCompute, threadsProperty } from '../../shared/properties';
import { readStore } from '../../shared/store';
import { openStore, optionsWithStore } from '../storeOptions';

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
			{
				name: 'Model Repository',
				value: 'repository',
				description:
					'Write NAME/VERSION/model.onnx and what belongs to it into the folder of models that an inference server loads (Triton, KServe, OpenVINO Model Server), for Score Image to use',
			},
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
			'Folder for the export, made when absent; a relative path counts from the first folder that n8n allows file access to',
		displayOptions: { show: { exportTo: ['folder', 'repository'] } },
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
	optionsWithStore(
		{
			displayName: 'Check with Images Of',
			name: 'checkFolder',
			type: 'string',
			default: '',
			placeholder: 'e.g. inspection/parts',
			description:
				'Folder of images that the export is held against the model with: a dataset, or a plain folder of good parts. Empty takes pictures that are drawn, which is enough for full precision only; a relative path counts from the first folder that n8n allows file access to.',
		},
		{
			displayName: 'Export Precision',
			name: 'exportPrecision',
			type: 'options',
			default: 'float32',
			description:
				'Numbers that the exported model multiplies in. The smaller ones are refused when a verdict on the images of Check with Images Of changes.',
			options: [
				{ name: 'Full (Float32)', value: 'float32' },
				{ name: 'Half (Float16)', value: 'float16' },
				{ name: 'Int8', value: 'int8' },
			],
		},
		{
			displayName: 'File Name',
			name: 'fileName',
			type: 'string',
			default: '',
			placeholder: 'e.g. bottles.onnx',
			description: 'Empty means name and version of the model; a file that is there is replaced',
			displayOptions: { hide: { '/exportTo': ['repository'] } },
		},
		{
			displayName: 'Model on Server',
			name: 'serverModel',
			type: 'string',
			default: '',
			placeholder: 'e.g. bottles',
			description:
				'Name on the inference server; empty means that of the model, followed by the precision when it is not full',
			displayOptions: { show: { '/exportTo': ['repository'] } },
		},
		threadsProperty,
	),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const request = await readRequest(context, index);
		const write = (target: Pick<ExportRequest, 'onnxPath' | 'repository'>): Promise<ExportResult> =>
			engineFor(context).exportModel({ ...request, ...target }, { signal: cancelSignal(context) });
		const exportTo = context.getNodeParameter('exportTo', index, 'folder');
		if (exportTo === 'repository')
			return { json: fieldsOf(await writeRepository(context, index, { request, write })) };
		const [name, version] = request.model.split('@');
		const fileName = readFileName(context, index, `${name}-${version}.onnx`);
		if (exportTo === 'folder') {
			const folder = await readExportFolder(context, index);
			// The file itself may be a link that leads elsewhere.
			const file = await allowedFolder(context, index, {
				value: join(folder, fileName),
				label: 'File Name',
				what: 'file',
			});
			const result = await write({ onnxPath: join(folder, fileName) });
			return { json: { ...fieldsOf(result), file, fileName } };
		}
		const field = context.getNodeParameter('outputField', index, 'data') as string;
		return inTemporaryFolder('export', async (folder) => {
			const result = await write({ onnxPath: join(folder, fileName) });
			const data = await context.helpers.prepareBinaryData(
				createReadStream(result.path),
				basename(result.path),
				'application/octet-stream', // n8n would take it for text
			);
			const binary: IBinaryKeyData = { [field]: data };
			return { json: { ...fieldsOf(result), file: null, fileName }, binary };
		});
	});
}

type Request = Omit<ExportRequest, 'onnxPath' | 'repository'>;

async function readRequest(context: IExecuteFunctions, index: number): Promise<Request> {
	const { name, version } = await (await openStore(context, index)).resolve(readModel(context, index));
	const option = (key: string): string =>
		(context.getNodeParameter(`options.${key}`, index, '') as string).trim();
	const [data, serverModel] = [option('checkFolder'), option('serverModel')];
	const { threads } = readCompute(context, index);
	return {
		store: await readStore(context, index),
		model: `${name}@${version}`,
		precision: (option('exportPrecision') || 'float32') as ExportResult['precision'],
		...(data !== '' && {
			data: await allowedFolder(context, index, { value: data, label: 'Check with Images Of' }),
		}),
		...(serverModel !== '' && { serverModel: validateName(serverModel, 'model') }),
		threads,
	};
}

interface RepositoryWriter {
	readonly request: Request;
	readonly write: (target: Pick<ExportRequest, 'repository'>) => Promise<ExportResult>;
}

async function writeRepository(
	context: IExecuteFunctions,
	index: number,
	{ request, write }: RepositoryWriter,
): Promise<ExportResult> {
	const folder = await readExportFolder(context, index);
	const [, version] = request.model.split('@');
	// Folders in it may be links that lead elsewhere.
	const name = serverName(request);
	for (const part of [name, join(name, version), join(name, EXPORTED_FOLDER, version)])
		await allowedFolder(context, index, { value: join(folder, part), label: 'Folder' });
	return write({ repository: folder });
}

async function readExportFolder(context: IExecuteFunctions, index: number): Promise<string> {
	const value = context.getNodeParameter('exportFolder', index, '');
	return allowedFolder(context, index, { value, label: 'Folder' });
}

/** What was written, flat. */
function fieldsOf({ model, version, path, bytes, precision, check, serverModel }: ExportResult): IDataObject {
	return {
		model,
		version,
		...(serverModel !== undefined && { serverModel, folder: path }),
		bytes,
		precision,
		checkedImages: check.images,
		checkedOn: check.source,
		scoreDifference: check.scoreDifference,
		scoreChange: check.scoreChange,
		mapDifference: check.mapDifference,
	};
}

function readFileName(context: IExecuteFunctions, index: number, fallback: string): string {
	const given = (context.getNodeParameter('options.fileName', index, '') as string).trim();
	if (given === '') return fallback;
	return validateName(given.endsWith('.onnx') ? given : `${given}.onnx`, 'file');
}
