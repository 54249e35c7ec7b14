import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { inNode } from '../shared/items';
import { routeItems } from './routeItems';
import { ruleProperties } from './rules';

export class ThresholdRouter implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Threshold Router',
		name: 'thresholdRouter',
		icon: { light: 'file:thresholdRouter.svg', dark: 'file:thresholdRouter.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ $parameter["rule"] === "bestF1" ? "best F1 of an evaluation" : $parameter["rule"] === "limits" ? $parameter["field"] + " " + $parameter["direction"] + " " + $parameter["threshold"] : "false alarms up to " + Number((100 * $parameter["falseAlarmRate"]).toPrecision(3)) + " %" }}',
		description: 'Sends each scored part to Normal, Review or Anomaly, and says why',
		defaults: { name: 'Threshold Router' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main, NodeConnectionTypes.Main, NodeConnectionTypes.Main],
		outputNames: ['Normal', 'Review', 'Anomaly'],
		usableAsTool: true,
		properties: ruleProperties,
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return inNode(this, () => routeItems(this));
	}
}
