import type { INodeProperties } from 'n8n-workflow';
import { DinomalyError } from '../../src/errors';
import { isDinomalyError } from './failure';

/**
 * The same error with settings called what the node's panel calls them: "Expected Crop Size to be", where the engine says `cropSize`.
 * `options` are the entries of the node's Options; other errors are given back as they are.
 */
export function inPanelWords<E>(error: E, options: INodeProperties['options'] = []): E | DinomalyError {
	if (!isDinomalyError(error) || error.code !== 'CONFIG_INVALID') return error;
	const titles = new Map(
		options.flatMap((option) =>
			'displayName' in option ? [[option.name, option.displayName] as const] : [],
		),
	);
	const translate = (text: string): string =>
		text.replace(/\b[a-z]+[A-Z]\w*|(?<=^Expected |^Leave )[a-z]+/g, (name) => titles.get(name) ?? name);
	const { code, message, hint, cause } = error;
	return new DinomalyError(code, translate(message), {
		hint: hint === undefined ? undefined : translate(hint),
		cause,
	});
}
