import { deriveSeed } from '../../random';
import { GOOD } from '../dataset';
import type { Product } from './product';

export interface SamplePlanOptions {
	readonly seed: number;
	/** Normal training images of each category. */
	readonly trainPerCategory: number;
	/** Normal test images of each category. */
	readonly testGoodPerCategory: number;
	/** Test images of each defect type, from obvious to subtle. */
	readonly imagesPerDefect: number;
}

/** One picture to draw. */
export interface PlannedPicture {
	readonly product: Product;
	/** Paths below the dataset's root. */
	readonly image: string;
	readonly mask: string | null;
	/** Null for a normal piece. */
	readonly defect: { readonly kind: string; readonly severity: number } | null;
	/** Seed of everything random in this picture, so that no picture depends on those before it. */
	readonly seed: number;
}

/** Lists the pictures of a sample dataset in the MVTec AD layout. */
export function planSample(products: readonly Product[], options: SamplePlanOptions): PlannedPicture[] {
	return products.flatMap((product) => [
		...goodPictures(product, 'train', options.trainPerCategory, options.seed),
		...goodPictures(product, 'test', options.testGoodPerCategory, options.seed),
		...product.defects.flatMap((kind) => defectPictures(product, kind, options)),
	]);
}

function goodPictures(
	product: Product,
	split: 'train' | 'test',
	count: number,
	seed: number,
): PlannedPicture[] {
	return Array.from({ length: count }, (_, i) => {
		const image = `${product.name}/${split}/${GOOD}/${numbered(i)}.jpg`;
		return { product, image, mask: null, defect: null, seed: deriveSeed(seed, image) };
	});
}

function defectPictures(product: Product, kind: string, options: SamplePlanOptions): PlannedPicture[] {
	const { imagesPerDefect: count, seed } = options;
	return Array.from({ length: count }, (_, i) => {
		const image = `${product.name}/test/${kind}/${numbered(i)}.jpg`;
		const mask = `${product.name}/ground_truth/${kind}/${numbered(i)}_mask.png`;
		const severity = count === 1 ? 1 : 1 - i / (count - 1);
		return { product, image, mask, defect: { kind, severity }, seed: deriveSeed(seed, image) };
	});
}

function numbered(index: number): string {
	return String(index).padStart(3, '0');
}
