import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { allowedFolder } from '../../shared/folders';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { cardFields } from '../modelItem';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Import',
	value: 'import',
	action: 'Import a model',
	description:
		'Copy a model folder from elsewhere into the store as a new version, after checking every file',
};

export const description = shownFor(option.value, [
	{
		displayName: 'Model Folder',
		name: 'importFolder',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. inspection/import/bottles',
		description:
			'Folder that holds model.JSON and decoder.safetensors, as in another store under models/NAME/versions/NUMBER; a relative path counts from the first folder that n8n allows file access to',
	},
	optionsWithStore({
		displayName: 'Model Name',
		name: 'modelName',
		type: 'string',
		default: '',
		placeholder: 'e.g. bottles',
		description: 'Name in this store. Empty means the name that the model has.',
	}),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const value = context.getNodeParameter('importFolder', index, '');
		const folder = await allowedFolder(context, index, { value, label: 'Model Folder' });
		const given = (context.getNodeParameter('options.modelName', index, '') as string).trim();
		const store = await openStore(context, index);
		const { name, version, path, card, calibration } = await store.importFolder(
			folder,
			given === '' ? undefined : given,
		);
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
