import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { ModelStore } from '../../src/store/modelStore';
import { openModelStore } from '../../src/store/openModelStore';
import { readStore, storeProperties } from '../shared/store';

/** A node's Options with the store folder as the last. */
export function optionsWithStore(...options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [...options, ...storeProperties],
	};
}

export async function openStore(context: IExecuteFunctions, index: number): Promise<ModelStore> {
	return openModelStore(await readStore(context, index));
}
