import type { GateRule } from '../evaluation/gate';
import { METRICS, type MetricName } from '../evaluation/metricNames';
import { list, text, usage } from './flags';
import { nearest } from './nearest';

/** Stands for every category in a rule. */
const EVERY = '*';

export const GATE_FLAGS = {
	floor: list(
		'[CATEGORY:]METRIC=VALUE',
		'Fail below this value: imageAuroc=0.95 of the mean, bottle:imageAuroc=0.9 of a category, "*:aupro=0.8" of every one',
	),
	'max-drop': list(
		'[CATEGORY:]METRIC=VALUE',
		'Fail when a metric falls by more than this against the run of --compare (default: previous)',
	),
	compare: text(
		'RUN',
		'Earlier run to compare with: its id, "previous" for the newest on the same images, or an alias such as "production" or a version for the newest of that version on the same images',
	),
};

/** The rules that the flags ask for. Throws USAGE on one that cannot be read. */
export function gateRules({
	floor = [],
	'max-drop': drops = [],
}: {
	readonly floor?: readonly string[];
	readonly 'max-drop'?: readonly string[];
}): GateRule[] {
	return [
		...floor.map((rule) => {
			const { value, ...rest } = readRule(rule, 'floor');
			return { ...rest, floor: value };
		}),
		...drops.map((rule) => {
			const { value, ...rest } = readRule(rule, 'max-drop');
			return { ...rest, largestDrop: value };
		}),
	];
}

function readRule(
	text: string,
	flag: string,
): Pick<GateRule, 'metric' | 'scope' | 'category'> & { readonly value: number } {
	const match = /^(?:(.+):)?([A-Za-z0-9-]+)=(.+)$/.exec(text.trim());
	if (match === null)
		throw usage(
			`Expected --${flag} to be [CATEGORY:]METRIC=VALUE, found "${text}"`,
			'For example: imageAuroc=0.95, bottle:imageAuroc=0.9 or "*:aupro=0.8".',
		);
	const [, category, name, number] = match as unknown as [string, string | undefined, string, string];
	const value = number.trim() === '' ? NaN : Number(number);
	if (!(value >= 0 && value <= 1))
		throw usage(
			`Expected the value of --${flag} "${text}" to be a number from 0 to 1, found "${number}"`,
		);
	const metric = readMetric(name, flag);
	if (category === undefined) return { metric, scope: 'mean', value };
	if (category === EVERY) return { metric, scope: 'everyCategory', value };
	return { metric, scope: 'category', category, value };
}

function readMetric(name: string, flag: string): MetricName {
	const names = METRICS.map((metric) => metric.name);
	const found = names.find((one) => one.toLowerCase() === name.toLowerCase());
	if (found !== undefined) return found;
	const near = nearest(name, names);
	const question = near === undefined ? '' : `; did you mean "${near}"?`;
	throw usage(
		`Expected --${flag} to name a metric, found "${name}"${question}`,
		`Metrics: ${names.join(', ')}.`,
	);
}
