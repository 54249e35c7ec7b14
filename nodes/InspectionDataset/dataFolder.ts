import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { allowedFolder } from '../shared/folders';

export const dataFolderProperty: INodeProperties = {
	displayName: 'Dataset Folder',
	name: 'dataFolder',
	type: 'string',
	default: '',
	required: true,
	placeholder: 'e.g. inspection/parts',
	description:
		'Folder of the dataset; a relative path counts from the first folder that n8n allows file access to ("~/.n8n-files" unless set otherwise)',
};

/** The dataset folder of item `index`, inside what n8n allows. */
export async function readDataFolder(context: IExecuteFunctions, index: number): Promise<string> {
	const value = context.getNodeParameter('dataFolder', index, '');
	return allowedFolder(context, index, { value, label: 'Dataset Folder' });
}
