import { hostname, userInfo } from 'node:os';
import { gateRefused, promoteThroughGate } from '../evaluation/promotion/promote';
import { traceLineage } from '../evaluation/promotion/lineage';
import { pruneVersions } from '../evaluation/promotion/retention';
import { rollBack } from '../evaluation/promotion/rollBack';
import { describeRules } from '../evaluation/promotion/ruleWords';
import { openEvaluationRuns } from '../store/evaluationRuns';
import type { AliasMove } from '../store/modelStore';
import { openModelStore } from '../store/openModelStore';
import { parseRef, PRODUCTION } from '../store/names';
import { defineCommand } from './command';
import {
	MODEL_FLAG,
	oneModel,
	openStore,
	OUTPUT_FLAGS,
	required,
	STORE_FLAG,
	storeFolder,
} from './commonFlags';
import { EXIT } from './exit';
import { number, text, toggle, usage } from './flags';
import { GATE_FLAGS, gateRules } from './gateFlags';
import { table } from './table';

const REASON_FLAGS = {
	why: text('TEXT', 'Reason, for the history'),
	by: text('NAME', 'Who does it, for the history (default: user and host)'),
};

const RULE_FLAGS = { floor: GATE_FLAGS.floor, 'max-drop': GATE_FLAGS['max-drop'] };

const promote = defineCommand({
	name: 'models promote',
	synopsis: 'NAME[@VERSION|@ALIAS] [options]',
	summary:
		'Point an alias at a version whose evaluation passes its gate; a bare model name then means the alias "production"',
	examples: [
		'dinomaly models promote bottles@3',
		'dinomaly models promote bottles@latest --alias candidate',
		'dinomaly models promote bottles@latest --floor imageAuroc=0.95 --max-drop imageAuroc=0.01',
	],
	flags: {
		...MODEL_FLAG,
		alias: text('NAME', `Alias to move (default: ${PRODUCTION})`),
		...RULE_FLAGS,
		force: toggle('Move it although its gate refuses; needs --why'),
		...REASON_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const ref = oneModel(values.model, words);
		const alias = values.alias ?? PRODUCTION;
		const folder = storeFolder(values.store, context);
		const promotion = await promoteThroughGate({
			store: openModelStore(folder),
			runs: openEvaluationRuns(folder),
			ref,
			alias,
			rules: gateRules(values),
			force: values.force === true,
			...reasonOf(values),
		});
		if (promotion.moved) return { json: promotion.move, text: describeMove(promotion.move) };
		const { version, gate } = promotion;
		return {
			json: { alias, version, moved: false, gate },
			text: `${alias}: not moved`,
			failure: gateRefused(ref, alias, gate).message,
			exitCode: EXIT.gate,
		};
	},
});

const rollback = defineCommand({
	name: 'models rollback',
	synopsis: 'NAME [options]',
	summary: 'Point an alias back at the version that it pointed at before',
	examples: ['dinomaly models rollback bottles --why "false alarms on line 3"'],
	flags: {
		...MODEL_FLAG,
		alias: text('NAME', `Alias to move back (default: ${PRODUCTION})`),
		...REASON_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const place = { model: bareName(oneModel(values.model, words)), alias: values.alias ?? PRODUCTION };
		const move = await rollBack(openStore(values.store, context), place, reasonOf(values));
		return { json: move, text: describeMove(move) };
	},
});

const gate = defineCommand({
	name: 'models gate',
	synopsis: 'NAME [options]',
	summary: 'Show or set what an evaluation must reach before an alias may point at its version',
	examples: [
		'dinomaly models gate bottles',
		'dinomaly models gate bottles --floor imageAuroc=0.95 "*:aupro=0.8" --max-drop imageAuroc=0.01',
		'dinomaly models gate bottles --none --why "trial week"',
	],
	flags: {
		...MODEL_FLAG,
		alias: text('NAME', `Alias that it guards (default: ${PRODUCTION})`),
		...RULE_FLAGS,
		none: toggle('Take the gate away'),
		...REASON_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const name = bareName(oneModel(values.model, words));
		const store = openStore(values.store, context);
		const alias = values.alias ?? PRODUCTION;
		const rules = gateRules(values);
		if (values.none === true && rules.length > 0) throw usage('Expected rules or --none, found both');
		if (values.none === true || rules.length > 0)
			await store.setGate(name, alias, { rules, at: new Date().toISOString(), ...reasonOf(values) });
		else await store.aliases(name); // a model that is not there has no gates, which should not read as one that stands open
		const gates = await store.gates(name);
		const found = Object.hasOwn(gates, alias) ? gates[alias] : undefined;
		const rulesFound = found?.rules ?? [];
		return {
			json: {
				model: name,
				alias,
				rules: rulesFound,
				at: found?.at ?? null,
				by: found?.by ?? null,
				why: found?.why ?? null,
			},
			text:
				rulesFound.length === 0
					? `${alias}: no gate, every version may be promoted`
					: `${alias}: ${describeRules(rulesFound)}`,
		};
	},
});

const history = defineCommand({
	name: 'models history',
	synopsis: 'NAME [options]',
	summary: 'Show every move of every alias of a model: who, when, why, and what its gate said',
	examples: ['dinomaly models history bottles', 'dinomaly models history bottles --json'],
	flags: { ...MODEL_FLAG, ...STORE_FLAG, ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		const name = bareName(oneModel(values.model, words));
		const store = openStore(values.store, context);
		await store.aliases(name);
		const moves = await store.history(name);
		const rows = moves.map((move) => [
			move.at,
			describeMove(move),
			move.by ?? '',
			[move.rollback === true ? 'rolled back' : '', move.why ?? '', move.gate?.reason ?? '']
				.filter((part) => part !== '')
				.join('; '),
		]);
		return {
			json: { model: name, moves },
			text:
				moves.length === 0
					? `No alias of ${name} was ever set`
					: table(['when', 'move', 'who', 'why'], rows),
		};
	},
});

const prune = defineCommand({
	name: 'models prune',
	synopsis: 'NAME --keep N [options]',
	summary: 'Delete old versions; the newest, and those with an alias or to roll back to, stay',
	examples: ['dinomaly models prune bottles --keep 5', 'dinomaly models prune bottles --keep 5 --dry-run'],
	flags: {
		...MODEL_FLAG,
		keep: number('N', 'How many of the newest versions stay', { min: 1, whole: true }),
		'dry-run': toggle('Only say what would go'),
		...REASON_FLAGS,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const model = bareName(oneModel(values.model, words));
		const keep = required(values.keep, 'keep');
		const dryRun = values['dry-run'] === true;
		const store = openStore(values.store, context);
		const pruned = await pruneVersions(store, { model, keep, dryRun, ...reasonOf(values) });
		const { removed, kept } = pruned;
		const verb = dryRun ? 'Would remove' : 'Removed';
		return {
			json: { model, dryRun, ...pruned },
			text: `${verb} ${removed.length === 0 ? 'nothing' : `version ${removed.join(', ')}`}; kept ${kept.join(', ')}`,
		};
	},
});

const lineage = defineCommand({
	name: 'models lineage',
	synopsis: 'NAME[@VERSION|@ALIAS] [options]',
	summary: 'Trace a version back: data, encoder, versions that it was made from, evaluations, aliases',
	examples: ['dinomaly models lineage bottles@production --json'],
	flags: { ...MODEL_FLAG, ...STORE_FLAG, ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		const folder = storeFolder(values.store, context);
		const ref = oneModel(values.model, words);
		const found = await traceLineage(openModelStore(folder), openEvaluationRuns(folder), ref);
		const { data, encoder } = found;
		const rows: [string, string][] = [
			['model', `${found.model}@${found.version}, ${found.created}`],
			['data', `${data.root}, ${data.images} images, ${data.fingerprint}`],
			['encoder', `${encoder.name}, ${encoder.sha256}`],
			...found.parents.map((parent): [string, string] => ['made from', parent]),
			...found.evaluations.map(({ run, dataset, mean }): [string, string] => [
				'evaluation',
				`${run} on ${dataset}, image AUROC ${mean.imageAuroc?.toFixed(4) ?? 'not defined'}`,
			]),
			...found.moves.map((move): [string, string] => ['alias', `${move.at} ${describeMove(move)}`]),
		];
		return { json: found, text: table(['', ''], rows).trimStart() };
	},
});

export const promotionCommands = [promote, rollback, gate, history, prune, lineage];

function describeMove({ alias, from, to }: AliasMove): string {
	return `${alias}: ${from ?? 'not set'} -> ${to ?? 'not set'}`;
}

function reasonOf({ by, why }: { readonly by?: string; readonly why?: string }): {
	by: string;
	why?: string;
} {
	return { by: by ?? thisUser(), ...(why !== undefined && { why }) };
}

/** Who runs this, as the system knows it. */
function thisUser(): string {
	try {
		return `${userInfo().username}@${hostname()}`;
	} catch {
		return `unknown user@${hostname()}`; // a container may run as a user that has no name
	}
}

function bareName(ref: string): string {
	const parsed = parseRef(ref);
	if (parsed.kind === 'name') return parsed.name;
	throw usage(`Expected a model name without version or alias, found "${ref}"`);
}
