/** What a scan of a dataset folder returns, whatever the layout of the folder. */

export type LayoutName = 'visa' | 'realiad' | 'mvtec' | 'plain';

export type Split = 'train' | 'test';

/** The label of normal images, as in the MVTec AD layout. */
export const GOOD = 'good';

export interface ImageEntry {
	/** Absolute path. */
	readonly path: string;
	/** Path below the dataset's root, with forward slashes on every system. */
	readonly relativePath: string;
	readonly category: string;
	readonly split: Split;
	/** `good`, or the name of the defect type. */
	readonly label: string;
	readonly anomalous: boolean;
	/** Absolute path of the ground-truth mask; null when there is none. */
	readonly maskPath: string | null;
}

export interface CategoryImages {
	readonly name: string;
	/** Normal images only. */
	readonly train: readonly ImageEntry[];
	readonly test: readonly ImageEntry[];
}

export type ProblemKind =
	| 'badName'
	| 'emptyCategory'
	| 'fileMissing'
	| 'imageWithoutMask'
	| 'linkRefused'
	| 'maskWithoutImage'
	| 'misplacedImages'
	| 'trainAnomalous'
	| 'unknownFolder'
	| 'unsupportedFormat';

/** Something in the folder that was left out or looks wrong; the scan goes on without it. */
export interface Problem {
	readonly kind: ProblemKind;
	/** A notice needs no action; a warning means that images or masks are not used. */
	readonly severity: 'notice' | 'warning';
	/** Path below the root, with forward slashes; the first of `count` when several share one problem. */
	readonly path: string;
	readonly count: number;
	readonly message: string;
}

export interface Dataset {
	/** Absolute path. */
	readonly root: string;
	readonly layout: LayoutName;
	/** In bytewise order of their names. */
	readonly categories: readonly CategoryImages[];
	readonly problems: readonly Problem[];
}
