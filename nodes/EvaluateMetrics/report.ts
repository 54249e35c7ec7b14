import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { ReportData } from '../../src/evaluation/report/data';
import type { ReportFile, ReportPart } from '../../src/evaluation/report/request';
import { cancelSignal } from '../shared/cancel';
import { engineFor } from '../shared/engine';

/** Options that both operations have. */
export const reportOptions = {
	report: {
		displayName: 'Report',
		name: 'report',
		type: 'boolean',
		default: false,
		description:
			'Whether to add a report to read, print or send, as binary data. It goes with the item of the mean.',
	},
	reportParts: {
		displayName: 'Report Parts',
		name: 'reportParts',
		type: 'multiOptions',
		default: ['html'],
		description: 'What the report is made of, when there is one',
		options: [
			{
				name: 'JSON File',
				value: 'json',
				description: 'All of it for programs, in a binary field such as report_json',
			},
			{
				name: 'Markdown Text',
				value: 'markdown',
				description:
					'A summary for a message or a ticket, in a field of the item such as reportMarkdown',
			},
			{
				name: 'Page',
				value: 'html',
				description: 'One HTML file with tables, plots and the worst images',
			},
			{
				name: 'Plots',
				value: 'plots',
				description:
					'Each plot as a PNG, for a chat message. Those of a category go with its item, in binary fields such as report_roc, report_pr, report_pro and report_scores.',
			},
		],
	},
	reportField: {
		displayName: 'Report Binary Field',
		name: 'reportField',
		type: 'string',
		default: 'report',
		description: 'Name of the binary field that receives the report',
	},
} satisfies Record<string, INodeProperties>;

export function wantsReport(context: IExecuteFunctions, index: number): boolean {
	return context.getNodeParameter('options.report', index, false) === true;
}

/** Has the engine make the parts of the report, and adds them to the items that they belong to. */
export async function attachReport(
	context: IExecuteFunctions,
	index: number,
	{
		mean,
		categories,
		data,
	}: {
		readonly mean: INodeExecutionData;
		/** Empty when one item is wanted. */
		readonly categories: readonly INodeExecutionData[];
		readonly data: ReportData;
	},
): Promise<void> {
	const parts = context.getNodeParameter('options.reportParts', index, ['html']) as ReportPart[];
	const field = context.getNodeParameter('options.reportField', index, 'report') as string;
	const { files } = await engineFor(context).makeReport({ data, parts }, { signal: cancelSignal(context) });
	const { run } = data;
	const base = `evaluation-${run.model.name === '' ? 'items' : run.model.name}-${run.id}`;
	const attach = async (item: INodeExecutionData, key: string, file: ReportFile): Promise<void> => {
		const ending = file.name.slice(file.name.lastIndexOf('.'));
		const name = file.part === 'plots' ? file.name.slice('plots/'.length) : `${base}${ending}`;
		const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
		item.binary = {
			...item.binary,
			[key]: await context.helpers.prepareBinaryData(bytes, name, file.mime),
		};
	};
	for (const file of files) {
		if (file.part === 'markdown')
			mean.json[`${field}Markdown`] = Buffer.from(file.bytes).toString('utf8');
		else if (file.part === 'json') await attach(mean, `${field}_json`, file);
		else if (file.part === 'html') await attach(mean, field, file);
		else {
			const item = itemOf(file, { mean, categories, data });
			if (item !== undefined) await attach(item, `${field}_${plotKey(file)}`, file);
		}
	}
}

/** A plot of all categories goes with the mean, and so does that of the only category; that of one among several with its own item. */
function itemOf(
	{ category }: ReportFile,
	{
		mean,
		categories,
		data,
	}: {
		readonly mean: INodeExecutionData;
		readonly categories: readonly INodeExecutionData[];
		readonly data: ReportData;
	},
): INodeExecutionData | undefined {
	if (category === undefined || data.run.categories.length === 1) return mean;
	return categories.find(({ json }) => json.category === category);
}

/** The kind of a plot, the same for every category: `roc`, `pr`, `pro`, `scores`, or `auroc` of all. */
function plotKey({ name }: ReportFile): string {
	return name.slice('plots/'.length).split(/[-.]/)[0];
}
