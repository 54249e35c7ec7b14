import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { DoctorCheck } from '../../../src/engine/protocol';
import { cancelSignal } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { deviceProperty, readCompute, requireDeviceProperty, threadsProperty } from '../../shared/properties';
import { readStore } from '../../shared/store';
import { optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Self Check',
	value: 'selfCheck',
	action: 'Check this machine',
	description: 'Check runtime, devices, memory, disk and encoders, and train a tiny model from end to end',
};

export const description = shownFor(option.value, [
	{
		displayName: 'Output',
		name: 'output',
		type: 'options',
		default: 'checks',
		description: 'What an item stands for',
		options: [
			{ name: 'One Item', value: 'summary', description: 'All checks in one item' },
			{ name: 'One Item per Check', value: 'checks', description: 'An item for each check' },
		],
	},
	optionsWithStore(deviceProperty, requireDeviceProperty, threadsProperty),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const request = { store: await readStore(context, index), ...readCompute(context, index) };
		const { checks } = await engineFor(context).doctor(request, { signal: cancelSignal(context) });
		const perCheck = context.getNodeParameter('output', index, 'checks') === 'checks';
		const rows = perCheck ? checks.map((check): IDataObject => ({ ...check })) : [summarise(checks)];
		return rows.map((json) => ({ json, pairedItem: { item: index } }));
	});
}

function summarise(checks: readonly DoctorCheck[]): IDataObject {
	const failed = checks.filter(({ status }) => status === 'fail');
	const warned = checks.filter(({ status }) => status === 'warn');
	return {
		healthy: failed.length === 0,
		checks: checks.length,
		failed: failed.length,
		warnings: warned.length,
		report: [...failed, ...warned]
			.map(({ check, detail, advice }) => `${check}: ${detail}. ${advice}`.trim())
			.join('\n'),
	};
}
