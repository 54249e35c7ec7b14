import { DinomalyError } from '../errors';

/** CONFIG_INVALID for what a person filled in to reach the engine workers; `found` must hold no secret. */
export function invalidField(field: string, expected: string, found: string): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		`Expected "${field}" of the engine workers to be ${expected}, found ${found}`,
		{
			hint: 'Correct it in the credential Engine Workers API, or in the DINOMALY_REDIS_ variables of the worker.',
		},
	);
}
