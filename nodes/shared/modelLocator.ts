import type {
	IExecuteFunctions,
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
	INodeProperties,
} from 'n8n-workflow';
import { openModelStore } from '../../src/store/openModelStore';
import type { ModelSummary } from '../../src/store/modelStore';
import { parseRef, PRODUCTION } from '../../src/store/names';
import { failed, toNodeError } from './failure';
import { readStoreWhileEditing } from './store';

/**
 * The `model` parameter. Its value is a reference: "bottles", "bottles@3" or "bottles@production". The node needs
 * `methods = { listSearch: { searchModels } }`. It has no pattern for n8n to check: n8n does that before every execution, gives it 250 ms by
 * the clock, and fails the execution of a machine that is too busy for that. `readModel` checks it.
 */
export const modelProperty: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	default: { mode: 'list', value: '' },
	required: true,
	description: 'The model to use',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			placeholder: 'Select a model...',
			typeOptions: { searchListMethod: 'searchModels', searchable: true },
		},
		{
			displayName: 'By Name',
			name: 'name',
			type: 'string',
			placeholder: 'e.g. bottles, bottles@3 or bottles@production',
			hint: 'Name, name@version or name@alias; a name alone means the alias "production" when it is set, else the newest version',
		},
	],
};

/** The model reference of item `index`; throws NodeOperationError when it is empty or malformed. */
export function readModel(context: IExecuteFunctions, index: number): string {
	const value: unknown = context.getNodeParameter('model', index, '', { extractValue: true });
	const reference = typeof value === 'string' ? value.trim() : '';
	if (reference === '') {
		throw failed(
			context.getNode(),
			{
				message: 'Expected a model in "Model", found nothing',
				hint: 'Choose a model from the list, or train one first with Train Dinomaly.',
			},
			index,
		);
	}
	try {
		parseRef(reference);
	} catch (error) {
		throw toNodeError(context.getNode(), error, index);
	}
	return reference;
}

/** The models of the store, each with its aliases and its newest version, for the list of `modelProperty`. */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const models = await openModelStore(await readStoreWhileEditing(this)).list();
	const sought = filter.toLowerCase();
	return {
		results: models.flatMap(listed).filter(({ value }) => String(value).toLowerCase().includes(sought)),
	};
}

function listed({ name, newest, aliases, problem }: ModelSummary): INodeListSearchItems[] {
	const follows = Object.hasOwn(aliases, PRODUCTION) ? PRODUCTION : 'newest';
	const remark =
		problem === undefined
			? `${follows}: version ${aliases[PRODUCTION] ?? newest}`
			: 'aliases cannot be read';
	return [
		{ name: `${name} (${remark})`, value: name },
		...Object.entries(aliases).map(([alias, version]) => ({
			name: `${name}@${alias} (version ${version})`,
			value: `${name}@${alias}`,
		})),
		{ name: `${name}@${newest} (always this version)`, value: `${name}@${newest}` },
	];
}
