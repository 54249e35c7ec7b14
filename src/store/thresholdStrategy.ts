import { DinomalyError } from '../errors';

/** What a threshold is to achieve. */
export type ThresholdStrategy =
	/** At most a share `rate` of good parts raises an alarm (split conformal: valid for any number of images). */
	| { readonly kind: 'falseAlarmRate'; readonly rate: number }
	/** The score that a share `level` of the normal images does not exceed, without allowance for their number. */
	| { readonly kind: 'quantile'; readonly level: number }
	/** Best balance of missed defects and false alarms. */
	| { readonly kind: 'f1Max' }
	/** At most a share `rate` of defects like the known ones is missed (split conformal on the anomalous images). */
	| { readonly kind: 'missRate'; readonly rate: number }
	/** Least cost; `defectShare` is the share of defective parts on the line, that of the images when absent. */
	| {
			readonly kind: 'cost';
			readonly missCost: number;
			readonly falseAlarmCost: number;
			readonly defectShare?: number;
	  }
	/** Mean of the normal scores plus so many standard deviations. */
	| { readonly kind: 'sigma'; readonly deviations: number }
	/** Set by a person. */
	| { readonly kind: 'manual'; readonly threshold: number };

export type StrategyKind = ThresholdStrategy['kind'];

/** @throws CONFIG_INVALID for a number out of range */
export function checkStrategy(strategy: ThresholdStrategy): void {
	switch (strategy.kind) {
		case 'falseAlarmRate':
			checkShare('false-alarm rate', strategy.rate);
			break;
		case 'quantile':
			checkShare('quantile', strategy.level);
			break;
		case 'missRate':
			checkShare('miss rate', strategy.rate);
			break;
		case 'cost':
			checkAmount('cost of a miss', strategy.missCost);
			checkAmount('cost of a false alarm', strategy.falseAlarmCost);
			if (strategy.defectShare !== undefined) checkShare('share of defects', strategy.defectShare);
			break;
		case 'sigma':
			checkAmount('number of standard deviations', strategy.deviations);
			break;
		case 'manual':
			if (!Number.isFinite(strategy.threshold))
				throw invalid(`Expected a number as threshold, found ${strategy.threshold}`);
			break;
		case 'f1Max':
	}
}

function checkShare(what: string, share: number): void {
	if (share > 0 && share < 1) return;
	throw invalid(`Expected a ${what} between 0 and 1, found ${share}`);
}

function checkAmount(what: string, amount: number): void {
	if (amount > 0 && Number.isFinite(amount)) return;
	throw invalid(`Expected a ${what} above 0, found ${amount}`);
}

function invalid(message: string): DinomalyError {
	return new DinomalyError('CONFIG_INVALID', message, {
		hint: 'Shares are given as 0.01 for one in a hundred.',
	});
}
