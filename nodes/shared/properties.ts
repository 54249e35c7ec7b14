import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { DeviceName } from '../../src/runtime/device';
import { PRECISIONS, type Precision } from '../../src/runtime/precisionNames';

/** Name of the binary field that holds the image; read it with `getNodeParameter('binaryPropertyName', i)` and pass it to `readImage`. */
export const binaryFieldProperty: INodeProperties = {
	displayName: 'Input Binary Field',
	name: 'binaryPropertyName',
	type: 'string',
	default: 'data',
	required: true,
	hint: 'The name of the input field containing the image; the first image is taken when there is no such field',
};

/** Where the engine computes. These four belong into a node's Options, in this order. */
export const deviceProperty: INodeProperties = {
	displayName: 'Device',
	name: 'device',
	type: 'options',
	default: 'auto',
	description: 'Where to compute; Automatic takes the fastest that is there',
	options: [
		{ name: 'Automatic', value: 'auto' },
		{ name: 'CoreML (Apple)', value: 'coreml' },
		{ name: 'CPU', value: 'cpu' },
		{ name: 'CUDA (NVIDIA)', value: 'cuda' },
		{ name: 'DirectML (Windows)', value: 'directml' },
		{ name: 'TensorRT (NVIDIA)', value: 'tensorrt' },
		{ name: 'WebGPU', value: 'webgpu' },
	],
};

export const requireDeviceProperty: INodeProperties = {
	displayName: 'Require Device',
	name: 'requireDevice',
	type: 'boolean',
	default: false,
	description: 'Whether to fail when the chosen device is not there, instead of computing on the CPU',
};

export const precisionProperty: INodeProperties = {
	displayName: 'Precision',
	name: 'precision',
	type: 'options',
	default: 'float32',
	description:
		'Numbers to compute with. Int8 is faster on processors, float16 on other devices; both need a version that Dinomaly Model, Quantize has compared with full precision.',
	options: [
		{ name: 'Float16', value: 'float16' },
		{ name: 'Full (Float32)', value: 'float32' },
		{ name: 'Int8', value: 'int8' },
	],
};

export function readPrecision(context: IExecuteFunctions, index: number): Precision {
	const asked: unknown = context.getNodeParameter('options.precision', index, 'float32');
	return PRECISIONS.find((precision) => precision === asked) ?? 'float32';
}

export const seedProperty: INodeProperties = {
	displayName: 'Seed',
	name: 'seed',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 4294967295, numberPrecision: 0 },
	default: 1,
	description: 'Start of the random numbers: the same seed gives the same result',
};

export const threadsProperty: INodeProperties = {
	displayName: 'Threads',
	name: 'threads',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 256, numberPrecision: 0 },
	default: 0,
	description: 'How many CPU threads to compute with; 0 means as many as the processor has cores',
};

/** What `deviceProperty`, `requireDeviceProperty` and `threadsProperty` amount to, as the engine's requests take it. */
export interface ComputeOptions {
	readonly device?: DeviceName;
	readonly requireDevice?: boolean;
	readonly threads?: number;
}

export function readCompute(context: IExecuteFunctions, index: number): ComputeOptions {
	const device = context.getNodeParameter('options.device', index, 'auto') as DeviceName;
	const threads = context.getNodeParameter('options.threads', index, 0) as number;
	return {
		device,
		requireDevice: context.getNodeParameter('options.requireDevice', index, false) as boolean,
		...(threads > 0 && { threads }),
	};
}
