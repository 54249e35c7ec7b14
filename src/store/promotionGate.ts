import { checkSchema, type JsonFields } from './jsonFields';

/** One demand on an evaluation; metrics go by the names that evaluations have them under. */
export interface PromotionRule {
	readonly metric: string;
	readonly scope: 'mean' | 'everyCategory' | 'category';
	/** For the scope `category`. */
	readonly category?: string;
	/** Smallest value that passes, in [0, 1]. */
	readonly floor?: number;
	/** Largest fall that passes, against the version that the alias points at, in [0, 1]. */
	readonly largestDrop?: number;
}

/** What the evaluation of a version must reach before an alias may point at it, and who asked for that. */
export interface PromotionGate {
	/** None: every version passes. */
	readonly rules: readonly PromotionRule[];
	/** ISO 8601. */
	readonly at: string;
	readonly by?: string;
	readonly why?: string;
}

export const GATE_SCHEMA_VERSION = 1;
const SHARE = { min: 0, max: 1 };

/** Reads a gate from an untrusted file; throws MODEL_INVALID naming the field. */
export function parseGate(fields: JsonFields, source: string): PromotionGate {
	checkSchema(fields, GATE_SCHEMA_VERSION, source);
	return {
		rules: fields.objects('rules').map(parseRule),
		at: fields.moment('at'),
		...(fields.has('by') && { by: fields.text('by') }),
		...(fields.has('why') && { why: fields.text('why') }),
	};
}

function parseRule(fields: JsonFields): PromotionRule {
	const scope = fields.oneOf('scope', ['mean', 'everyCategory', 'category'] as const);
	return {
		metric: fields.text('metric'),
		scope,
		...(scope === 'category' && { category: fields.text('category') }),
		...(fields.has('floor') && { floor: fields.number('floor', SHARE) }),
		...(fields.has('largestDrop') && { largestDrop: fields.number('largestDrop', SHARE) }),
	};
}
