import { DinomalyError } from '../../errors';
import { parseCsv } from '../csv';
import { GOOD, type Split } from '../dataset';
import { compareBytewise } from '../order';
import type { Tree } from '../tree';
import type { CategorySource, Layout } from './layout';
import { type ListedImage, readListedImages } from './listedImages';

/** The one-class split, as published in the VisA archive; the two-class splits beside it are not used. */
const SPLIT_FOLDER = 'split_csv';
const SPLIT_FILE = '1cls.csv';
const SPLIT_PATH = `${SPLIT_FOLDER}/${SPLIT_FILE}`;
const COLUMNS = ['object', 'split', 'label', 'image', 'mask'];
const NORMAL = 'normal';

/** VisA: `split_csv/1cls.csv` names each image of `<category>/Data/Images` with its mask in `<category>/Data/Masks`. */
export const visa: Layout = {
	name: 'visa',
	expected: `${SPLIT_PATH} beside <category>/Data/Images (VisA)`,

	async discover(tree) {
		if (!(await tree.listIfPresent(SPLIT_FOLDER)).others.includes(SPLIT_FILE)) return null;
		const byCategory = groupRows(parseCsv(await tree.readText(SPLIT_PATH)));
		return [...byCategory.keys()]
			.sort(compareBytewise)
			.map((name) => sourceOf(tree, name, byCategory.get(name) ?? []));
	},
};

function sourceOf(tree: Tree, name: string, listed: readonly ListedImage[]): CategorySource {
	return { name, path: SPLIT_PATH, read: () => readListedImages(tree, name, listed, SPLIT_PATH) };
}

function groupRows(rows: readonly Record<string, string>[]): Map<string, ListedImage[]> {
	const groups = new Map<string, ListedImage[]>();
	rows.forEach((row, index) => {
		const lacking = COLUMNS.filter((column) => !(column in row));
		if (lacking.length > 0) {
			throw splitError(
				`Expected columns ${COLUMNS.join(', ')} in ${SPLIT_PATH}, found none named ${lacking.join(', ')}`,
			);
		}
		const { object, split, label, image, mask } = row;
		if (!isSplit(split) || object === '' || image === '') {
			// The header is line 1.
			throw splitError(
				`Expected an object, a split train or test and an image in line ${index + 2} of ${SPLIT_PATH}`,
			);
		}
		const listed = {
			split,
			label: label === NORMAL ? GOOD : label,
			image,
			mask: mask === '' ? null : mask,
		};
		const group = groups.get(object);
		if (group) group.push(listed);
		else groups.set(object, [listed]);
	});
	return groups;
}

function isSplit(text: string): text is Split {
	return text === 'train' || text === 'test';
}

function splitError(message: string): DinomalyError {
	return new DinomalyError('DATASET_LAYOUT', message, {
		hint: `Restore ${SPLIT_PATH} from the published VisA archive.`,
	});
}
