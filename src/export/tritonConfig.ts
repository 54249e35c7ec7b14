import type { Graph } from '../graph';

export interface TritonModel {
	/** The folder's name. */
	readonly name: string;
	readonly graph: Graph;
	readonly preprocessing: string;
}

export const CONFIG_FILE = 'config.pbtxt';

/** A model's `config.pbtxt` for Triton: what goes in and out, and that every version of the folder is served. */
export function tritonConfig({ name, graph, preprocessing }: TritonModel): string {
	const tensors = (entries: Graph['inputs']): string =>
		[...entries]
			.map(
				([tensor, { shape }]) =>
					`  { name: "${tensor}" data_type: TYPE_FP32 dims: [ ${shape.join(', ')} ] }`,
			)
			.join(',\n');
	return `name: "${name}"
backend: "onnxruntime"
default_model_filename: "model.onnx"
max_batch_size: 0
input [
${tensors(graph.inputs)}
]
output [
${tensors(graph.outputs)}
]
version_policy: { all { } }
parameters: {
  key: "preprocessing"
  value: { string_value: ${JSON.stringify(preprocessing)} }
}
`;
}

/** The lines of a configuration that say what goes in and out, however the rest of it was changed since. */
export function tensorLines(config: string): string {
	const found = config.match(/name:\s*"\w+"\s*data_type:\s*\w+\s*dims:\s*\[[^\]]*\]/g) ?? [];
	return found.map((line) => line.replace(/\s+/g, ' ')).join('\n');
}
