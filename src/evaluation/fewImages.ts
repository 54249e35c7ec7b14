/** With fewer good, or fewer anomalous, images than this a figure is rough. */
export const FEW_IMAGES = 30;

interface Counts {
	readonly category: string;
	readonly good: number;
	readonly anomalous: number;
}

/** Whether the figures of a category rest on few images. */
export function isFewImages({ good, anomalous }: Omit<Counts, 'category'>): boolean {
	return good < FEW_IMAGES || anomalous < FEW_IMAGES;
}

/** One sentence about the categories whose figures rest on few images; undefined when there is none. */
export function fewImagesWarning(categories: readonly Counts[]): string | undefined {
	const few = categories.filter(isFewImages);
	if (few.length === 0) return undefined;
	const counts = few.map(
		({ category, good, anomalous }) => `${category} (${good} good, ${anomalous} defective)`,
	);
	return `Fewer than ${FEW_IMAGES} good or ${FEW_IMAGES} defective images in ${counts.join(', ')}: a small change of these figures may be chance`;
}
