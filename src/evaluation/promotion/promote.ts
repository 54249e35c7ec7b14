import { DinomalyError } from '../../errors';
import type { EvaluationRuns } from '../../store/evaluationRuns';
import type { AliasMove, GateOutcome, ModelStore, MoveReason } from '../../store/modelStore';
import { parseRef } from '../../store/names';
import type { PromotionRule } from '../../store/promotionGate';
import { judgeVersion } from './judgeVersion';

export interface PromoteRequest extends Pick<MoveReason, 'by' | 'why'> {
	readonly store: ModelStore;
	readonly runs: EvaluationRuns;
	/** The version to promote: `name`, `name@version` or `name@alias`. */
	readonly ref: string;
	readonly alias: string;
	/** Demands of this promotion, on top of the gate that the alias has. */
	readonly rules?: readonly PromotionRule[];
	/** Move the alias although its gate refuses, which the history then says. Needs `why`. */
	readonly force?: boolean;
}

export type Promotion =
	| { readonly moved: true; readonly move: AliasMove }
	| { readonly moved: false; readonly version: string; readonly gate: GateOutcome };

/** Somebody else may move the alias in the middle of it this often; a store that is in use by others has had its patience already. */
const TRIES = 5;

/**
 * Points an alias at a version, provided that the version's evaluation passes the gate of the alias. Where neither the alias nor the request
 * has rules, every version passes. A version that the alias points at already stays there without being judged.
 *
 * @throws DinomalyError MODEL_NOT_FOUND, USAGE for `force` without a reason, ALIAS_MOVED when others move the alias again and again, STORE_BUSY when
 * the store lets nobody in, what `judgeVersion` throws
 */
export async function promoteThroughGate(request: PromoteRequest): Promise<Promotion> {
	const { store, alias, by, why, force = false } = request;
	if (force && (why ?? '').trim() === '')
		throw new DinomalyError('USAGE', 'Expected a reason to promote past the gate, found none', {
			hint: 'Say why: the history keeps it.',
		});
	for (let attempt = 1; ; attempt++) {
		const { name, version } = await store.resolve(request.ref);
		const current = await aliasOf(store, name, alias);
		const gate = await judge(request, { name, version, current });
		if (gate !== undefined && !gate.passed && !force) return { moved: false, version, gate };
		try {
			const options = { by, why, ifFrom: current, ...(gate && { gate }) };
			return { moved: true, move: await store.promote(`${name}@${version}`, alias, options) };
		} catch (error) {
			// What was judged may not hold any more: a drop was measured from the version that was there.
			if (!isMoved(error) || attempt === TRIES) throw error;
		}
	}
}

/** The error about a promotion that its gate refused, for those who take that for a failure. */
export function gateRefused(ref: string, alias: string, { reason }: GateOutcome): DinomalyError {
	return new DinomalyError(
		'GATE_FAILED',
		`Expected "${parseRef(ref).name}" to pass the gate of "${alias}", found: ${reason}`,
		{ hint: `Nothing was moved: "${alias}" stays where it is.` },
	);
}

/** The version that an alias points at; null when it is not set. */
export async function aliasOf(store: ModelStore, name: string, alias: string): Promise<string | null> {
	const aliases = await store.aliases(name);
	return Object.hasOwn(aliases, alias) ? aliases[alias] : null;
}

async function judge(
	{ store, runs, alias, rules = [] }: PromoteRequest,
	{
		name,
		version,
		current,
	}: { readonly name: string; readonly version: string; readonly current: string | null },
): Promise<GateOutcome | undefined> {
	const gates = await store.gates(name);
	const demanded = [...(Object.hasOwn(gates, alias) ? gates[alias].rules : []), ...rules];
	if (demanded.length === 0 || version === current) return undefined;
	return judgeVersion({ store, runs, model: name, version, alias, current, rules: demanded });
}

function isMoved(error: unknown): boolean {
	return error instanceof DinomalyError && error.code === 'ALIAS_MOVED';
}
