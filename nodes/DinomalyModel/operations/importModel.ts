import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { importPackage } from '../../../src/store/modelPackage';
import type { ModelStore, OpenedModel } from '../../../src/store/modelStore';
import { allowedFolder } from '../../shared/folders';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { binaryFieldProperty } from '../../shared/properties';
import { cardFields } from '../modelItem';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Import',
	value: 'import',
	action: 'Import a model',
	description: 'Add a model from elsewhere to the store as a new version, after checking every file',
};

export const description = shownFor(option.value, [
	{
		displayName: 'Import From',
		name: 'importFrom',
		type: 'options',
		default: 'folder',
		description: 'Where the model is',
		options: [
			{
				name: 'Binary Field',
				value: 'binary',
				description: 'A ZIP file: a package that this node exported, or a packed model folder',
			},
			{ name: 'Folder', value: 'folder', description: 'A model folder of this machine' },
		],
	},
	{
		...binaryFieldProperty,
		hint: 'The name of the input field containing the ZIP file',
		displayOptions: { show: { importFrom: ['binary'] } },
	},
	{
		displayName: 'Model Folder',
		name: 'importFolder',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. inspection/import/bottles',
		description:
			'Folder of one version of a model, as it lies in another store under models/NAME/versions/NUMBER; a relative path counts from the first folder that n8n allows file access to',
		displayOptions: { show: { importFrom: ['folder'] } },
	},
	optionsWithStore({
		displayName: 'Model Name',
		name: 'modelName',
		type: 'string',
		default: '',
		placeholder: 'e.g. bottles',
		description: 'Name in this store; empty means the name that the model has',
	}),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const store = await openStore(context, index);
		const given = (context.getNodeParameter('options.modelName', index, '') as string).trim();
		const { name, version, path, card, calibration } = await importInto(context, index, {
			store,
			modelName: given === '' ? undefined : given,
		});
		return {
			json: {
				model: name,
				version,
				path,
				calibrated: calibration !== undefined,
				...cardFields({ card }),
			},
		};
	});
}

async function importInto(
	context: IExecuteFunctions,
	index: number,
	{ store, modelName }: { readonly store: ModelStore; readonly modelName: string | undefined },
): Promise<OpenedModel> {
	if (context.getNodeParameter('importFrom', index, 'folder') === 'folder') {
		const value = context.getNodeParameter('importFolder', index, '');
		const folder = await allowedFolder(context, index, { value, label: 'Model Folder' });
		return store.importFolder(folder, modelName);
	}
	const field = context.getNodeParameter('binaryPropertyName', index, 'data');
	context.helpers.assertBinaryData(index, field);
	return importPackage(store, await context.helpers.getBinaryDataBuffer(index, field), modelName);
}
