import type { JsonFields } from './jsonFields';
import type { AliasMove, GateOutcome, MoveReason } from './modelStore';

const MAX_REASON_LENGTH = 1000;

/** The record of a move that happens now. */
export function newMove(
	alias: string,
	{ from, to }: Pick<AliasMove, 'from' | 'to'>,
	{ by, why, gate, rollback }: MoveReason = {},
): AliasMove {
	return {
		alias,
		from,
		to,
		at: new Date().toISOString(),
		...tidyWords({ by, why }),
		...(gate !== undefined && { gate: { ...gate, reason: cut(gate.reason) } }),
		...(rollback === true && { rollback }),
	};
}

/** Reads a move from an untrusted file; throws MODEL_INVALID. */
export function readMove(fields: JsonFields): AliasMove {
	return {
		alias: fields.text('alias'),
		from: fields.isNull('from') ? null : fields.text('from'),
		to: fields.isNull('to') ? null : fields.text('to'),
		at: fields.moment('at'),
		...(fields.has('by') && { by: fields.text('by') }),
		...(fields.has('why') && { why: fields.text('why') }),
		...(fields.has('gate') && { gate: readOutcome(fields.object('gate')) }),
		...(fields.has('rollback') && fields.flag('rollback') && { rollback: true as const }),
	};
}

/** What a file can hold and be read back from: no empty text, and none without end. */
export function tidyWords({ by, why }: Pick<MoveReason, 'by' | 'why'>): Pick<MoveReason, 'by' | 'why'> {
	return { ...(by?.trim() && { by: cut(by) }), ...(why?.trim() && { why: cut(why) }) };
}

/**
 * The versions that an alias pointed at, oldest first and the present one last, as if moves that were rolled back had never been; a time
 * without a version is null.
 */
export function courseOf(history: readonly AliasMove[], alias: string): (string | null)[] {
	const course: (string | null)[] = [];
	for (const move of history) {
		if (move.alias !== alias) continue;
		const back = move.rollback === true ? course.lastIndexOf(move.to) : -1;
		if (back >= 0) course.length = back + 1;
		else course.push(move.to);
	}
	return course;
}

function readOutcome(fields: JsonFields): GateOutcome {
	return {
		passed: fields.flag('passed'),
		reason: fields.text('reason'),
		run: fields.isNull('run') ? null : fields.text('run'),
	};
}

function cut(text: string): string {
	return text.trim().slice(0, MAX_REASON_LENGTH);
}
