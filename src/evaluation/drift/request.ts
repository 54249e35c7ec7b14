import type { ImageStatistics } from '../../imaging/statistics';
import type { DeviceName } from '../../runtime/device';
import type { ImageFailure, ImageSource } from '../../scoring/request';

export interface MeasureRequest {
	readonly store: string;
	/** Model that scores the images; none scores them when absent. */
	readonly model?: string;
	/** What the images show: where the model has zones, only those of this category are looked at. Null or absent: not known. */
	readonly category?: string | null;
	/** Model whose zones say which pixels count, when none scores the images. */
	readonly zonesOf?: string;
	/** Images at hand, or the folder that they lie in, at any depth. */
	readonly from: { readonly images: readonly ImageSource[] } | { readonly folder: string };
	/** Only so many, those changed last; all when absent. Of a folder only. */
	readonly newest?: number;
	readonly device?: DeviceName;
	readonly requireDevice?: boolean;
	readonly threads?: number;
}

export interface MeasuredImage {
	readonly file: string;
	/** Null when no model was named. */
	readonly score: number | null;
	readonly statistics: ImageStatistics;
}

export interface MeasureResult {
	readonly images: readonly MeasuredImage[];
	readonly failures: readonly ImageFailure[];
	/** What was passed over in the folder. */
	readonly notices: readonly string[];
}
