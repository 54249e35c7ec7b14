import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { inTemporaryFolder } from '../../../src/files/temporaryFolder';
import { writePackage } from '../../../src/store/modelPackage';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Export Package',
	value: 'exportPackage',
	action: 'Export a model package',
	description: 'Get a model with all its files as one ZIP file, to import it into another store',
};

export const description = shownFor(option.value, [
	modelProperty,
	{
		displayName: 'Put Output File in Field',
		name: 'outputField',
		type: 'string',
		default: 'data',
		required: true,
		hint: 'The name of the output binary field to put the file in',
	},
	optionsWithStore(),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const ref = readModel(context, index);
		const store = await openStore(context, index);
		const field = context.getNodeParameter('outputField', index, 'data') as string;
		return inTemporaryFolder('export', async (folder) => {
			const path = join(folder, 'package.zip');
			const { name, version } = await writePackage(store, ref, path);
			const fileName = `${name}-${version}.zip`;
			const data = await context.helpers.prepareBinaryData(
				createReadStream(path),
				fileName,
				'application/zip',
			);
			return { json: { model: name, version, fileName }, binary: { [field]: data } };
		});
	});
}
