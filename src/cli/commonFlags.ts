import type { DeviceName } from '../training/request';
import { DinomalyError } from '../errors';
import type { ModelStore } from '../store/modelStore';
import { openModelStore } from '../store/openModelStore';
import { storeOf } from '../store/storeOf';
import type { CommandContext } from './command';
import { choice, number, text, toggle, usage } from './flags';

const DEVICES: readonly DeviceName[] = ['auto', 'cpu', 'cuda', 'webgpu', 'directml', 'coreml', 'tensorrt'];

export const OUTPUT_FLAGS = {
	json: toggle('Print one JSON object on standard output; progress goes to standard error as JSON lines'),
	help: toggle('Show this help', 'h'),
};

export const STORE_FLAG = {
	store: text(
		'DIR|s3://BUCKET/PREFIX',
		'Model store: a folder, or object storage whose keys are in DINOMALY_S3_ACCESS_KEY and DINOMALY_S3_SECRET_KEY (default: DINOMALY_STORE, else .n8n/dinomaly in the home folder)',
	),
};

export const MODEL_FLAG = { model: text('NAME', 'The model, instead of as a word') };

export const DEVICE_FLAGS = {
	device: choice(DEVICES, 'Where to compute (default: auto)'),
	'require-device': toggle('Fail when the device is not there instead of using the CPU'),
	threads: number('N', 'CPU threads (default: all cores)', { min: 1, max: 1024, whole: true }),
};

interface CommonValues {
	readonly store?: string;
	readonly device?: DeviceName;
	readonly 'require-device'?: boolean;
	readonly threads?: number;
}

/** The part of an engine request that all commands share. */
export function commonRequest(
	values: CommonValues,
	context: CommandContext,
): { store: string; device?: DeviceName; requireDevice?: boolean; threads?: number } {
	return {
		store: storeFolder(values.store, context),
		device: values.device,
		requireDevice: values['require-device'],
		threads: values.threads,
	};
}

/** The folder that stands for the store; for object storage that of its local part, which is connected from here on. */
export function storeFolder(given: string | undefined, { io, path }: CommandContext): string {
	return storeOf(given, io.env, path);
}

export function openStore(given: string | undefined, context: CommandContext): ModelStore {
	return openModelStore(storeFolder(given, context));
}

/** The model may be named by a word or by --model. */
export function oneModel(flag: string | undefined, words: readonly string[]): string {
	const named = flag === undefined ? words : [flag, ...words];
	if (named.length === 1) return named[0];
	throw new DinomalyError(
		'USAGE',
		`Expected one model name, found ${named.length === 0 ? 'none' : named.join(' ')}`,
	);
}

/** The value of a flag that a command cannot do without. */
export function required<T>(value: T | undefined, flag: string): T {
	if (value !== undefined) return value;
	throw usage(`Expected the option --${flag}, found none`);
}

/** For commands that take options only. */
export function refuseWords(words: readonly string[]): void {
	if (words.length > 0) throw usage(`Expected options only, found "${words[0]}"`);
}
