import type { INodeProperties } from 'n8n-workflow';
import { storeProperties } from '../shared/store';

/** Options of the operations that only look into the store. */
export const storeOptions: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [...storeProperties],
};
