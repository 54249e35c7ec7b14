import type { IExecuteFunctions } from 'n8n-workflow';
import { bestF1Of } from '../../src/evaluation/bestF1';
import type { LimitRule } from '../../src/routing/limitRule';
import type { EvaluationRun } from '../../src/store/evaluationRun';
import { openEvaluationRuns } from '../../src/store/evaluationRuns';
import { failed } from '../shared/failure';
import { readStore } from '../shared/store';
import { InvalidItem } from './invalidItem';
import { hasReviewBand } from './readRules';

/** Limits that stored evaluations speak for; each evaluation is read once for all items of an execution. */
export class EvaluatedLimits {
	readonly #context: IExecuteFunctions;
	readonly #runs = new Map<string, Promise<EvaluationRun>>();

	constructor(context: IExecuteFunctions) {
		this.#context = context;
	}

	/**
	 * The limit on the score of item `index`: where F1 is best on the images of its category, or on all images when it has none. Throws
	 * NodeOperationError when there is no evaluation of the item's model, or none with good and defective images.
	 */
	async ruleFor(index: number, category: string | undefined): Promise<LimitRule> {
		const run = await this.#runFor(index);
		const images = run.images.filter((image) => category === undefined || image.category === category);
		const best = bestF1Of(images);
		if (best === undefined) throw this.#withoutDefects(index, { run, category });
		const { threshold, f1, typicalGood, good, anomalous } = best;
		const rule: LimitRule = {
			direction: 'above',
			threshold,
			basis: `best F1 ${f1.toFixed(3)} on ${good} good and ${anomalous} defective images`,
		};
		if (!hasReviewBand(this.#context, index)) return rule;
		const margin = Number(this.#context.getNodeParameter('reviewMargin', index, 0));
		return { ...rule, reviewThreshold: threshold - margin * (threshold - typicalGood) };
	}

	async #runFor(index: number): Promise<EvaluationRun> {
		const { model, version } = this.#context.getInputData()[index].json;
		if (typeof model !== 'string' || (typeof version !== 'string' && typeof version !== 'number'))
			throw new InvalidItem({
				message:
					'Expected the item to name its model and version, found no fields "model" and "version"',
				hint: 'Put Score Image before this node, or choose Limits on a Number.',
			});
		const option = this.#context.getNodeParameter('options.evaluationRun', index, '') as string;
		const named = option.trim();
		const store = await readStore(this.#context, index);
		const key = JSON.stringify([store, model, version, named]);
		const known = this.#runs.get(key);
		if (known !== undefined) return known;
		const found = this.#read(index, { store, model, version: String(version), named });
		this.#runs.set(key, found);
		return found;
	}

	async #read(
		index: number,
		sought: {
			readonly store: string;
			readonly model: string;
			readonly version: string;
			readonly named: string;
		},
	): Promise<EvaluationRun> {
		const { store, model, version, named } = sought;
		const runs = openEvaluationRuns(store);
		if (named !== '') {
			const run = await runs.read(model, named);
			if (run.model.version === version) return run;
			throw this.#failed(index, {
				message: `Expected an evaluation of model "${model}" version ${version}, found one of version ${run.model.version}`,
				hint: 'Scores of different versions do not compare: evaluate this version, or empty Evaluation Run ID.',
			});
		}
		const newest = await runs.newest(model, { version });
		if (newest !== undefined) return newest;
		throw this.#failed(index, {
			message: `Expected an evaluation of model "${model}" version ${version}, found none`,
			hint: 'Run Evaluate Metrics on labelled images with Record Run on, or name a run under Options.',
		});
	}

	#withoutDefects(
		index: number,
		{ run, category }: { readonly run: EvaluationRun; readonly category: string | undefined },
	): Error {
		const of = category === undefined ? '' : ` of category "${category}"`;
		return this.#failed(index, {
			message: `Expected good and defective images${of} in evaluation ${run.id}, found none of one kind`,
			hint: 'Evaluate on test images with both, or choose another rule.',
		});
	}

	#failed(index: number, words: { readonly message: string; readonly hint: string }): Error {
		return failed(this.#context.getNode(), words, index);
	}
}
