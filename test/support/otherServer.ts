import { setTimeout as pause } from 'node:timers/promises';
import type { TestServer } from './inferenceServer';

/** Tries of a model that is being loaded, and the wait between them. */
const TRIES = 120;
const PAUSE_MS = 500;

/** An inference server on this machine to run tests of serving against, and the folder of models that it watches; ours when unset. */
const { DINOMALY_TEST_SERVER: URL, DINOMALY_TEST_SERVER_MODELS: MODELS } = process.env;
/** Only ours lists what it was asked, and misbehaves when told to. */
export const isOurServer = URL === undefined;

export interface OtherServer {
	readonly server: TestServer;
	/** The folder that it watches. */
	readonly models: string;
	/** Waits until a model that was written there is served. */
	untilLoaded(model: string, version: string): Promise<void>;
}

export function otherServer(): OtherServer {
	if (URL === undefined || MODELS === undefined)
		throw new Error('Expected DINOMALY_TEST_SERVER and DINOMALY_TEST_SERVER_MODELS, found one of them');
	return {
		server: { url: URL, mood: {}, asked: [], close: () => Promise.resolve() },
		models: MODELS,
		untilLoaded: async (model, version) => {
			for (let attempt = 1; attempt <= TRIES; attempt++) {
				const { ok } = await fetch(`${URL}/v2/models/${model}/versions/${version}/ready`);
				if (ok) return;
				await pause(PAUSE_MS);
			}
			throw new Error(`Expected ${URL} to load ${model} version ${version} from ${MODELS}`);
		},
	};
}
