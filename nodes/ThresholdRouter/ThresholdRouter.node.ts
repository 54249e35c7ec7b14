import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodePropertyOptions,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { inObjectStorage } from '../shared/store';
import { inNode } from '../shared/items';
import { shownFor } from '../shared/operation';
import { alarmProperties } from './alarmFields';
import * as digest from './digest';
import { configuredOutputs } from './outputs';
import { routeItems } from './routeItems';
import { optionsProperty } from './routeOptions';
import { ruleProperties } from './rules';

const ROUTE: INodePropertyOptions = {
	name: 'Route Parts',
	value: 'route',
	description: 'Send each scored part to Normal, Review or Anomaly',
	action: 'Route parts',
};

export class ThresholdRouter implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Threshold Router',
		name: 'thresholdRouter',
		icon: { light: 'file:thresholdRouter.svg', dark: 'file:thresholdRouter.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ $parameter["operation"] === "digest" ? "alarm digest" : ({ bestF1: "best F1 of an evaluation", limits: $parameter["field"] + " " + $parameter["direction"] + " " + $parameter["threshold"], condition: "own conditions", verdict: "the verdict of the model", regions: "regions" }[$parameter["rule"]] || "false alarms up to " + Number((100 * $parameter["falseAlarmRate"]).toPrecision(3)) + " %") + ($parameter["alarmLogic"] ? ", alarm logic" : "") }}',
		description:
			'Sends each scored part to Normal, Review or Anomaly, says why, and makes one alarm of many bad parts',
		defaults: { name: 'Threshold Router' },
		inputs: [NodeConnectionTypes.Main],
		outputs: `={{(${String(configuredOutputs)})($parameter)}}`,
		credentials: [
			{
				name: 's3ModelStoreApi',
				displayName: 'Object Storage for Models',
				required: true,
				displayOptions: inObjectStorage,
			},
		],
		usableAsTool: true,
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				default: 'route',
				options: [digest.option, ROUTE],
			},
			...shownFor('route', [...ruleProperties, ...alarmProperties, optionsProperty]),
			...digest.description,
		],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		if (this.getNodeParameter('operation', 0, 'route') === 'digest')
			return inNode(this, async () => [await digest.execute(this)]);
		return inNode(this, () => routeItems(this));
	}
}
