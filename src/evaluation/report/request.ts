import type { ReportData } from './data';

/** `plots`: every plot as a PNG. */
export type ReportPart = 'html' | 'markdown' | 'json' | 'plots';

export interface ReportRequest {
	readonly data: ReportData;
	readonly parts: readonly ReportPart[];
}

export interface ReportFile {
	readonly part: ReportPart;
	/** File name, with the folder `plots/` for plots. */
	readonly name: string;
	readonly mime: string;
	readonly bytes: Uint8Array;
	/** Of a plot of one category. */
	readonly category?: string;
	/** Of a plot, what it is headed. */
	readonly title?: string;
}

export interface ReportResult {
	/** In the order of the parts; plots of all categories first, then of each, the weakest first. */
	readonly files: readonly ReportFile[];
}
