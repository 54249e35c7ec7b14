import { createRequire } from 'node:module';
import path from 'node:path';
import util from 'node:util';
import type * as Tensorflow from '@tensorflow/tfjs';
import { DinomalyError } from '../errors';

/** Packages that bring TensorFlow.js, fastest first. */
export const TFJS_PACKAGES = [
	'@tensorflow/tfjs-node-gpu',
	'@tensorflow/tfjs-node',
	'@tensorflow/tfjs',
] as const;

export interface LoadedTfjs {
	readonly tf: typeof Tensorflow;
	/** Package, version and what it computes with: "@tensorflow/tfjs 4.22.0 (cpu)". */
	readonly name: string;
	/** Whether it computes in JavaScript alone. */
	readonly plain: boolean;
}

let loaded: Promise<LoadedTfjs> | undefined;

/**
 * TensorFlow.js as the user has installed it: beside this package or in the folder that the process was started in. It is no dependency
 * of ours.
 * @throws RUNTIME_MISSING when none of its packages is there, or when the one that is there does not load
 */
export function loadTfjs(): Promise<LoadedTfjs> {
	loaded ??= openTfjs([__filename, path.join(process.cwd(), 'package.json')]);
	return loaded;
}

/**
 * The first of TensorFlow.js's packages that is installed and loads.
 * @param places files, there or not, from whose folders a package is looked for as Node.js does
 */
export async function openTfjs(places: readonly string[]): Promise<LoadedTfjs> {
	const failures: string[] = [];
	for (const name of TFJS_PACKAGES) {
		const found = places.find((place) => isInstalled(name, place));
		if (found === undefined) continue;
		supplyRemovedFunctions();
		try {
			const tf = createRequire(found)(name) as typeof Tensorflow;
			const plain = name === '@tensorflow/tfjs';
			tf.enableProdMode();
			// Of plain TensorFlow.js the processor is all that Node.js has.
			if (plain) await tf.setBackend('cpu');
			await tf.ready();
			return { tf, plain, name: `${name} ${tf.version.tfjs} (${tf.getBackend()})` };
		} catch (error) {
			failures.push(
				`${name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
			);
		}
	}
	throw new DinomalyError(
		'RUNTIME_MISSING',
		`Expected TensorFlow.js (${TFJS_PACKAGES.join(', ')}) to train with, found ${failures.length === 0 ? 'none installed' : failures.join('; ')}`,
		{
			hint: 'Install one of them where this package or your program lies, such as npm install @tensorflow/tfjs-node, or leave the backend to ONNX Runtime, which comes with the package.',
		},
	);
}

function isInstalled(name: string, place: string): boolean {
	try {
		createRequire(place).resolve(name);
		return true;
	} catch {
		return false;
	}
}

/** tfjs-node 4 calls functions of node:util that Node.js 23 took away. */
function supplyRemovedFunctions(): void {
	const old = util as unknown as Record<string, unknown>;
	old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
	old.isArray ??= Array.isArray;
	old.isString ??= (value: unknown) => typeof value === 'string';
}
