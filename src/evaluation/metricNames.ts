/** The paper's seven metrics, the exact AUPRO and AUPIMO; null where they are not defined (reasons say why). */
export interface MetricSet {
	readonly imageAuroc: number | null;
	readonly imageAp: number | null;
	readonly imageF1Max: number | null;
	readonly pixelAuroc: number | null;
	readonly pixelAp: number | null;
	readonly pixelF1Max: number | null;
	readonly aupro: number | null;
	readonly auproOfficial: number | null;
	readonly aupimo: number | null;
}

export type MetricName = keyof MetricSet;

export interface MetricTitle {
	readonly name: MetricName;
	/** As tables head their columns. */
	readonly short: string;
	/** As a sentence names it. */
	readonly long: string;
}

/** All metrics: the paper's in the order in which it prints them, then the others. */
export const METRICS: readonly MetricTitle[] = [
	{ name: 'imageAuroc', short: 'I-AUROC', long: 'image AUROC' },
	{ name: 'imageAp', short: 'I-AP', long: 'image AP' },
	{ name: 'imageF1Max', short: 'I-F1-max', long: 'image F1-max' },
	{ name: 'pixelAuroc', short: 'P-AUROC', long: 'pixel AUROC' },
	{ name: 'pixelAp', short: 'P-AP', long: 'pixel AP' },
	{ name: 'pixelF1Max', short: 'P-F1-max', long: 'pixel F1-max' },
	{ name: 'aupro', short: 'AUPRO', long: 'AUPRO' },
	{ name: 'auproOfficial', short: 'AUPRO (official rule)', long: 'AUPRO by the official rule' },
	{ name: 'aupimo', short: 'AUPIMO', long: 'AUPIMO' },
];

/** Those of image scores, which have confidence intervals. */
export const IMAGE_METRICS = ['imageAuroc', 'imageAp', 'imageF1Max'] as const satisfies readonly MetricName[];

/** Those of pixels, which need ground-truth masks. */
export const PIXEL_METRICS = [
	'pixelAuroc',
	'pixelAp',
	'pixelF1Max',
	'aupro',
	'auproOfficial',
	'aupimo',
] as const satisfies readonly MetricName[];

/** Whether an evaluation knows a metric by this name. */
export function isMetricName(name: string): name is MetricName {
	return METRICS.some((metric) => metric.name === name);
}

/** How a sentence names a metric; the name itself for one that is not known here. */
export function metricInWords(name: string): string {
	return METRICS.find((metric) => metric.name === name)?.long ?? name;
}
