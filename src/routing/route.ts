import { decideByCalibration, type CalibratedReading, type CalibrationRule } from './calibrationRule';
import { decideByCondition, type ConditionReading } from './conditionRule';
import { decideByLimits, type LimitRule, type LimitReading } from './limitRule';
import { decideByVerdict, type VerdictReading } from './verdictRule';
import type { Decision } from './decision';
import { decideByRegions, type RegionReading, type RegionRule } from './regionRule';
import { decideUnknown, type UnknownReading, type UnknownRule } from './unknownRule';

/** A rule together with what it looks at; another kind of rule is another member and a file of its own. */
export type RoutingCase =
	| { readonly kind: 'calibration'; readonly rule: CalibrationRule; readonly reading: CalibratedReading }
	| { readonly kind: 'limits'; readonly rule: LimitRule; readonly reading: LimitReading }
	| { readonly kind: 'verdict'; readonly reading: VerdictReading }
	| { readonly kind: 'regions'; readonly rule: RegionRule; readonly reading: RegionReading }
	| { readonly kind: 'condition'; readonly reading: ConditionReading }
	| { readonly kind: 'unknown'; readonly rule: UnknownRule; readonly reading: UnknownReading };

/**
 * Decides where one scored part goes, by nothing but its own reading: the alarm logic, which looks at several parts in a row, works on
 * the decisions that come out here.
 */
export function decide(routing: RoutingCase): Decision {
	switch (routing.kind) {
		case 'calibration':
			return decideByCalibration(routing.reading, routing.rule);
		case 'limits':
			return decideByLimits(routing.reading, routing.rule);
		case 'verdict':
			return decideByVerdict(routing.reading);
		case 'regions':
			return decideByRegions(routing.reading, routing.rule);
		case 'condition':
			return decideByCondition(routing.reading);
		case 'unknown':
			return decideUnknown(routing.reading, routing.rule);
	}
}
