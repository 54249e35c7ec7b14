import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { FolderStore } from '../../src/store/folderStore';
import { readStore, storeProperty } from '../shared/store';

/** A node's Options with the store folder as the last. */
export function optionsWithStore(...options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [...options, storeProperty],
	};
}

export async function openStore(context: IExecuteFunctions, index: number): Promise<FolderStore> {
	return new FolderStore(await readStore(context, index));
}
