import type { CategoryOfRun, EvaluationRun } from '../../store/evaluationRun';
import { describeDifference, type CategoryDifference } from '../compare';
import type { DefectType } from '../defectTypes';
import type { ExampleKind } from '../request';
import type { ReportData } from './data';
import { findingsOf, rateOf, type Rate } from './findings';
import { metric, moment, percent, plural, score, share } from './numbers';
import { describeData } from './summary';

const MARKS = { yes: '✅', no: '❌', undecided: '❔' } as const;
const METRICS = ['imageAuroc', 'imageF1Max', 'pixelAuroc', 'aupro'] as const;
const KINDS: readonly (readonly [ExampleKind, string])[] = [
	['miss', 'Worst misses'],
	['falseAlarm', 'Worst false alarms'],
];
/** Rows of a table; a message has no room for more. */
const MOST_ROWS = 20;

/** A summary in Markdown, to be read in a message or a ticket; names are escaped. */
export function renderMarkdown(data: ReportData): string {
	const { run, previous, examples } = data;
	const findings = findingsOf(data);
	const { answer, headline, reason, sentences, warnings, images } = findings;
	const named =
		run.model.name === ''
			? 'Items of an unknown model'
			: `${run.model.name} version ${run.model.version}`;
	const blocks = [
		`# ${escaped(named)}: may it run?`,
		`${MARKS[answer]} **${escaped(headline)}.**${reason === null ? '' : ` ${escaped(reason)}`}`,
		`${escaped(describeData(run))}, ${moment(run.created)}, ${plural(images, 'image')}`,
		sentences.map((sentence) => `- ${escaped(sentence)}`).join('\n'),
		...(warnings.length === 0 ? [] : [warnings.map((line) => `> ⚠️ ${escaped(line)}`).join('\n>\n')]),
		'## Per category',
		categoryTable(run),
		...defectBlocks(findings.defectTypes),
		...KINDS.flatMap(([kind, title]) => {
			const own = examples.filter((example) => example.kind === kind);
			if (own.length === 0) return [];
			const lines = own.map(
				({ file, category, label, score: found, threshold }) =>
					`- ${escaped(`${file} (${category}, ${label})`)}: ${score(found)}, threshold ${score(threshold)}`,
			);
			return [`## ${title}`, lines.join('\n')];
		}),
		...(previous === undefined ? [] : changeBlocks(previous, findings.differences)),
		`Run ${run.id}, ${escaped(run.device)}, encoder ${escaped(run.encoder.name === '' ? 'unknown' : run.encoder.name)}, n8n-nodes-dinomaly ${escaped(run.versions.package ?? '')}`,
	];
	return `${blocks.join('\n\n')}\n`;
}

function categoryTable({ categories, mean }: EvaluationRun): string {
	const row = (one: CategoryOfRun): string[] => [
		one.category,
		`${one.good} + ${one.anomalous}`,
		rate(rateOf([one], 'falseAlarms')),
		rate(rateOf([one], 'misses')),
		...METRICS.map((name) => metric(one.metrics[name])),
	];
	const shown = categories.slice(0, MOST_ROWS);
	const left = categories.length - shown.length;
	return table(
		['Category', 'Good + defective', 'False alarms', 'Misses', 'I-AUROC', 'I-F1-max', 'P-AUROC', 'AUPRO'],
		[
			...shown.map(row),
			...(left > 0 ? [[`${left} more in the full report`, ...new Array<string>(7).fill('')]] : []),
			['mean', '', '', '', ...METRICS.map((name) => metric(mean[name]))],
		],
	);
}

function defectBlocks(kinds: readonly DefectType[]): string[] {
	if (kinds.length === 0) return [];
	const rows = kinds
		.slice(0, MOST_ROWS)
		.map(({ category, label, images, found, imageAuroc }) => [
			category,
			label,
			share(found, images),
			metric(imageAuroc),
		]);
	const left = kinds.length - rows.length;
	if (left > 0) rows.push([`${left} more in the full report`, '', '', '']);
	return [
		'## Which defects are found',
		table(['Category', 'Defect', 'Found', 'I-AUROC against good'], rows),
	];
}

function changeBlocks(previous: EvaluationRun, differences: readonly CategoryDifference[]): string[] {
	const lines = differences.slice(0, MOST_ROWS).map(describeDifference);
	if (lines.length === 0) return [];
	return [
		`## Since the run of ${moment(previous.created)}`,
		lines.map((line) => `- ${escaped(line)}`).join('\n'),
	];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
	return [
		line(head),
		`|${head.map((_, i) => (i === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
		...rows.map(line),
	].join('\n');
}

function rate(found: Rate | null): string {
	return found === null ? '–' : `${found.count} (${percent(found.share)})`;
}

/** So that a name is shown as it is: no markup, no HTML, and no cell or line of its own. */
function escaped(text: string): string {
	return text
		.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ' ')
		.replace(/[\\`*[\]<>|~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, (found) => `\\${found}`)
		.replace(/&/g, '&amp;');
}
