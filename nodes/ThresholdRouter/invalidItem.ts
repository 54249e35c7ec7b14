import type { IExecuteFunctions } from 'n8n-workflow';
import { failed, type FailureData } from '../shared/failure';

/** Thrown for an item that cannot be judged, whatever the settings are: it has no score, or that of another model. */
export class InvalidItem extends Error {
	readonly hint: string | undefined;

	constructor({ message, hint }: FailureData) {
		super(message);
		this.hint = hint;
	}

	/** The error for n8n, where the node has no output for such items. */
	toNodeError(context: IExecuteFunctions, index: number): Error {
		return failed(context.getNode(), this, index);
	}

	/** Why the item went to Invalid, in one sentence. */
	reasonFor(subject: string): string {
		return `${subject} could not be judged: ${this.message.charAt(0).toLowerCase()}${this.message.slice(1)}`;
	}
}
