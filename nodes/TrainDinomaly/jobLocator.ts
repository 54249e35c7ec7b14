import type {
	IExecuteFunctions,
	ILoadOptionsFunctions,
	INodeListSearchResult,
	INodePropertyOptions,
	INodeProperties,
} from 'n8n-workflow';
import type { TrainingJob } from '../../src/jobs/trainingJob';
import { stateOf, TrainingJobs } from '../../src/jobs/trainingJobs';
import { ENCODERS } from '../../src/weights/catalogue';
import { failed } from '../shared/failure';
import { readStore, readStoreWhileEditing } from '../shared/store';

/** Stands for the newest training of the store. */
const NEWEST = 'newest';
const LISTED_JOBS = 100;

/** Which training is meant. The node needs `methods.listSearch.searchTrainings`. */
export const jobProperty: INodeProperties = {
	displayName: 'Training',
	name: 'job',
	type: 'resourceLocator',
	default: { mode: 'list', value: NEWEST, cachedResultName: 'The Newest Training' },
	required: true,
	description: 'The training to look at',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			placeholder: 'Select a training...',
			typeOptions: { searchListMethod: 'searchTrainings', searchable: true },
		},
		{
			displayName: 'By Job ID',
			name: 'id',
			type: 'string',
			placeholder: 'e.g. 20260131T120000000Z-0123abcd',
			hint: 'As the operations Train and List Trainings give it out; "newest" is the newest training',
		},
	],
};

/** The training that item `index` means. Throws NodeOperationError when none is named, DinomalyError when there is none. */
export async function readJob(
	context: IExecuteFunctions,
	index: number,
): Promise<{ readonly jobs: TrainingJobs; readonly job: TrainingJob }> {
	const value: unknown = context.getNodeParameter('job', index, '', { extractValue: true });
	const id = typeof value === 'string' ? value.trim() : '';
	const jobs = new TrainingJobs(await readStore(context, index));
	if (id === '') {
		throw failed(
			context.getNode(),
			{
				message: 'Expected a training in "Training", found nothing',
				hint: 'Choose one from the list, or give the job ID that Train gave out.',
			},
			index,
		);
	}
	if (id !== NEWEST) return { jobs, job: await jobs.read(id) };
	return { jobs, job: (await jobs.list(1)).at(0) ?? (await jobs.read(id)) };
}

export async function searchTrainings(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const jobs = await new TrainingJobs(await readStoreWhileEditing(this)).list(LISTED_JOBS);
	const sought = filter.toLowerCase();
	const all = [
		{ name: 'The Newest Training', value: NEWEST },
		...jobs.map((job) => ({
			name: `${job.request.model}, ${job.created.slice(0, 16).replace('T', ' ')} (${stateOf(job)})`,
			value: job.id,
		})),
	];
	return { results: all.filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(sought)) };
}

/** The encoders to choose from, for a list of options. */
export function getEncoders(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	const chosen: INodePropertyOptions = {
		name: "The Preset's",
		value: '',
		description: 'Descriptors for Fast and Balanced, dinov2-reg-base for Paper',
	};
	const known = ENCODERS.map(({ name, title, licence, megabytes, source }) => ({
		name: title,
		value: name,
		description: `${name}, ${licence}${source === null ? '' : `, ${megabytes} MB to download`}`,
	}));
	return Promise.resolve([chosen, ...known]);
}
