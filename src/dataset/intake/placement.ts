import { DinomalyError } from '../../errors';
import { isName } from '../../store/names';
import { categoryNameFault } from '../categoryName';
import { GOOD, type Split } from '../dataset';
import { isNormalFolder, type Placement } from '../layouts/layout';

/** Where a new image is to go, as a user or a form says it. */
export interface WantedPlacement {
	readonly category: string;
	readonly split: string;
	/** `good` (or `ok`, `normal`, in any case), or the name of the defect type. */
	readonly label: string;
}

const SPLITS: readonly string[] = ['train', 'test'] satisfies Split[];
/** File systems allow 255 bytes in a name, and letters of many scripts take three. */
const LONGEST_BYTES = 200;
/** Folders that have a meaning of their own in the MVTec AD layout. */
const RESERVED: readonly string[] = [...SPLITS, 'ground_truth'];

/**
 * Checks where an image is to go, with spaces around the names cut off; every word for normal images becomes `good`.
 * @throws DinomalyError CONFIG_INVALID for a name that cannot be a folder, an unknown split, or a defect to train on
 */
export function checkPlacement({ category, split, label }: WantedPlacement): Placement {
	const checked = {
		category: checkName(category.trim(), 'category'),
		split: checkSplit(split.trim().toLowerCase()),
		label: checkName(isNormalFolder(label.trim()) ? GOOD : label.trim(), 'label'),
	};
	if (checked.split === 'train' && checked.label !== GOOD) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected the label "${GOOD}" for a training image, found "${checked.label}"`,
			{ hint: 'Training uses normal images only: add images of defects to the split "test".' },
		);
	}
	return checked;
}

function checkSplit(split: string): Split {
	if (split === 'train' || split === 'test') return split;
	throw new DinomalyError('CONFIG_INVALID', `Expected the split "train" or "test", found "${split}"`, {
		hint: 'Training images are normal ones; test images are for evaluation and may show defects.',
	});
}

function checkName(name: string, kind: 'category' | 'label'): string {
	const fault = nameFault(name);
	if (fault === null) return name;
	const examples = kind === 'label' ? '"good" or "scratch"' : '"bottle"';
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected a name that can be a folder as ${kind}, such as ${examples}, found ${shown(name)}, which ${fault}`,
		{ hint: 'Use letters, digits, single spaces, dots, hyphens and underscores.' },
	);
}

function nameFault(name: string): string | null {
	if (name === '') return 'is empty';
	if (Buffer.byteLength(name) > LONGEST_BYTES) return 'is too long for a folder';
	if (RESERVED.includes(name.toLowerCase())) return 'has a meaning of its own in the dataset folder';
	// A category becomes part of a model, so the store's rule holds as well as that of the dataset readers.
	return categoryNameFault(name) ?? (isName(name, 'category') ? null : 'some systems do not allow');
}

function shown(name: string): string {
	return JSON.stringify(name.length <= 60 ? name : `${name.slice(0, 57)}...`);
}
