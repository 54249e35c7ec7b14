import { existsSync } from 'node:fs';
import path from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { DinomalyError } from '../errors';
import type { DataType, Shape, TensorData } from '../graph';
import type { DeviceName } from './device';
import { failedAtHandOver, SEQUENCE_OUTPUT } from './inPlace';
import { loadNative } from './native';

type OrtModule = typeof Ort;

/** ONNX Runtime's names of execution providers. */
const PROVIDERS: Readonly<Record<Exclude<DeviceName, 'auto'>, string>> = {
	cpu: 'cpu',
	cuda: 'cuda',
	webgpu: 'webgpu',
	directml: 'dml',
	coreml: 'coreml',
	tensorrt: 'tensorrt',
};

/** Devices that `auto` tries before the CPU, best first. WebGPU is left out: a software adapter would be slower than the CPU. */
const AUTO_ORDER: readonly DeviceName[] = ['cuda', 'directml', 'coreml'];

/** ONNX Runtime's severity "error": its warnings speak to developers. */
const LOG_ERRORS_ONLY = 3;

/** A dense array with its type and shape. */
export interface Value {
	readonly dtype: DataType;
	readonly shape: Shape;
	/** float16 as bit patterns. */
	readonly data: TensorData;
}

/** A value that stayed on the device that computed it, for the next run of any session there. Must be freed. */
export class DeviceValue {
	constructor(readonly tensor: Ort.Tensor) {}

	free(): void {
		this.tensor.dispose();
	}
}

export interface SessionOptions {
	readonly device?: DeviceName;
	/** Fail when the device is not there, instead of falling back to the CPU. */
	readonly requireDevice?: boolean;
	/** Threads of one operator on the CPU; ONNX Runtime's choice when absent. */
	readonly threads?: number;
}

/**
 * The onnxruntime-node module. Outside of Windows its builds send events about machine and models to Microsoft from 1.30 on, keep a number
 * of the machine in the home folder and leave a file of each process in the folder for temporary ones, unless this variable is set before
 * they load (microsoft/onnxruntime#27379).
 * @throws RUNTIME_MISSING with a diagnosis when it does not load
 */
export function loadRuntime(): OrtModule {
	process.env.ORT_DISABLE_TELEMETRY ??= '1';
	return loadNative('onnxruntime-node') as OrtModule;
}

export interface RuntimeDescription {
	readonly version: string;
	readonly providers: readonly { readonly name: string; readonly bundled: boolean }[];
}

/** Version and execution providers of the runtime that is installed. */
export function describeRuntime(): RuntimeDescription {
	const ort = loadRuntime();
	return { version: ort.env.versions.node ?? 'unknown', providers: ort.listSupportedBackends() };
}

/** Devices whose memory a session's outputs can stay in (ONNX Runtime's Node.js binding knows buffers of WebGPU only). */
const KEEPING_DEVICES: readonly DeviceName[] = ['webgpu'];

/** A model loaded on a device. Calls run one after the other and block the process they are in. */
export class Session {
	private constructor(
		private readonly session: Ort.InferenceSession,
		private readonly ort: OrtModule,
		/** The device in use. */
		readonly device: DeviceName,
		/** Outputs that stay on the device. */
		private readonly kept: readonly string[],
	) {}

	/**
	 * Loads an ONNX model from its bytes or from a file.
	 * @param kept outputs that stay on the device where it can keep them (`keeps`), for `runKeeping`
	 * @throws DEVICE_UNAVAILABLE when a required device is not there
	 */
	static async create(
		model: Uint8Array | string,
		options: SessionOptions = {},
		kept: readonly string[] = [],
	): Promise<Session> {
		const ort = loadRuntime();
		const { device = 'auto', requireDevice = false } = options;
		let lastError: unknown;
		for (const candidate of candidates(ort, device, requireDevice)) {
			try {
				const keeping = KEEPING_DEVICES.includes(candidate) ? kept : [];
				const session = await open(ort, model, candidate, {
					threads: options.threads,
					kept: keeping,
				});
				return new Session(session, ort, candidate, keeping);
			} catch (error) {
				lastError = error;
				if (candidate === 'cpu') throw error;
			}
		}
		throw unavailable(ort, device, lastError);
	}

	/** Whether outputs stay on the device. */
	get keeps(): boolean {
		return this.kept.length > 0;
	}

	/** Runs the model. Outputs listed in `into` are written to the given arrays. One may be an input of the same call only where all that reads the input comes before the output in the graph. */
	async run(
		feeds: Readonly<Record<string, Value | DeviceValue>>,
		into: Readonly<Record<string, Value | null>>,
	): Promise<Record<string, Value>> {
		if (this.session.outputNames[0] === SEQUENCE_OUTPUT && isFull(into)) {
			await this.fill(feeds, into);
			return into;
		}
		const results = await this.fetch(feeds, into);
		return Object.fromEntries(
			Object.entries(results).map(([name, tensor]) => [name, into[name] ?? toValue(tensor)]),
		);
	}

	/** Runs the model and leaves the outputs that it keeps on the device; all others become arrays. */
	async runKeeping(
		feeds: Readonly<Record<string, Value | DeviceValue>>,
	): Promise<{ values: Record<string, Value>; kept: Map<string, DeviceValue> }> {
		const wanted = Object.fromEntries(this.session.outputNames.map((name) => [name, null]));
		const results = Object.entries(await this.fetch(feeds, wanted));
		const stays = (name: string): boolean => this.kept.includes(name);
		return {
			values: Object.fromEntries(
				results.filter(([name]) => !stays(name)).map(([name, tensor]) => [name, toValue(tensor)]),
			),
			kept: new Map(
				results
					.filter(([name]) => stays(name))
					.map(([name, tensor]) => [name, new DeviceValue(tensor)]),
			),
		};
	}

	/** Runs the model with nothing made but what is written to the given arrays. */
	private async fill(
		feeds: Readonly<Record<string, Value | DeviceValue>>,
		into: Readonly<Record<string, Value>>,
	): Promise<void> {
		try {
			await this.fetch(feeds, { ...into, [SEQUENCE_OUTPUT]: null });
		} catch (error) {
			if (!failedAtHandOver(error)) throw error;
		}
	}

	private async fetch(
		feeds: Readonly<Record<string, Value | DeviceValue>>,
		into: Readonly<Record<string, Value | null>>,
	): Promise<Readonly<Record<string, Ort.Tensor>>> {
		const { ort } = this;
		const inputs = Object.fromEntries(
			Object.entries(feeds).map(([name, value]) => [
				name,
				value instanceof DeviceValue ? value.tensor : toTensor(ort, value),
			]),
		);
		const fetches = Object.fromEntries(
			Object.entries(into).map(([name, value]) => [name, value && toTensor(ort, value)]),
		);
		try {
			return await this.session.run(inputs, fetches);
		} catch (error) {
			throw explainRun(error, this.device);
		}
	}

	async release(): Promise<void> {
		await this.session.release();
	}
}

function isFull(into: Readonly<Record<string, Value | null>>): into is Readonly<Record<string, Value>> {
	return Object.values(into).every((value) => value !== null);
}

function candidates(ort: OrtModule, device: DeviceName, required: boolean): DeviceName[] {
	if (device === 'auto') {
		const backends = ort.listSupportedBackends();
		const present = (name: DeviceName): boolean => {
			const backend =
				name === 'auto' ? undefined : backends.find((known) => known.name === PROVIDERS[name]);
			return backend !== undefined && (backend.bundled || hasProviderLibrary(backend.name));
		};
		return [...AUTO_ORDER.filter(present), 'cpu'];
	}
	if (device === 'cpu') return ['cpu'];
	return required ? [device] : [device, 'cpu'];
}

/** Providers that do not come with the package are libraries beside the runtime's own; trying one that is absent prints errors. */
function hasProviderLibrary(provider: string): boolean {
	const folder = path.join(
		path.dirname(require.resolve('onnxruntime-node')),
		'..',
		'bin',
		'napi-v6',
		process.platform,
		process.arch,
	);
	const file =
		process.platform === 'win32'
			? `onnxruntime_providers_${provider}.dll`
			: `libonnxruntime_providers_${provider}.so`;
	return existsSync(path.join(folder, file));
}

async function open(
	ort: OrtModule,
	model: Uint8Array | string,
	device: DeviceName,
	{ threads, kept }: { readonly threads?: number; readonly kept: readonly string[] },
): Promise<Ort.InferenceSession> {
	const provider = device === 'auto' ? 'cpu' : PROVIDERS[device];
	const options: Ort.InferenceSession.SessionOptions = {
		executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
		logSeverityLevel: LOG_ERRORS_ONLY,
		// A pattern is planned during the first run and allocated anew beside that run's arena: half as much memory without it.
		enableMemPattern: false,
		// A session's threads otherwise keep spinning after a run, on the cores that the next session needs: a third of the time of a score.
		extra: { session: { force_spinning_stop: '1' } },
		...(threads === undefined ? {} : { intraOpNumThreads: threads }),
		...(kept.length === 0
			? {}
			: { preferredOutputLocation: Object.fromEntries(kept.map((name) => [name, 'gpu-buffer'])) }),
	};
	return typeof model === 'string'
		? ort.InferenceSession.create(model, options)
		: ort.InferenceSession.create(model, options);
}

function unavailable(ort: OrtModule, device: DeviceName, cause: unknown): DinomalyError {
	const known = ort
		.listSupportedBackends()
		.map(({ name }) => name)
		.join(', ');
	const reason = cause instanceof Error ? cause.message.split('\n')[0] : 'no reason given';
	return new DinomalyError(
		'DEVICE_UNAVAILABLE',
		`Device "${device}" was required but ONNX Runtime could not use it: ${reason}`,
		{
			hint: `Install the device's driver and libraries, or set Device to auto or cpu (this build knows: ${known}).`,
			cause,
		},
	);
}

/** How ONNX Runtime says that a device has no float16. */
const WITHOUT_HALF = 'requires f16 but the device does not support it';

function explainRun(error: unknown, device: DeviceName): unknown {
	if (!String(error).includes(WITHOUT_HALF)) return error;
	return new DinomalyError(
		'PRECISION_UNAVAILABLE',
		`Expected a device that computes in float16, found that ${device} does not here`,
		{ hint: 'Score in float32 on this device.', cause: error },
	);
}

function toTensor(ort: OrtModule, { dtype, data, shape }: Value): Ort.Tensor {
	return new ort.Tensor(dtype, data as never, shape);
}

function toValue(tensor: Ort.Tensor): Value {
	return { dtype: tensor.type as DataType, shape: tensor.dims, data: tensor.data as TensorData };
}
