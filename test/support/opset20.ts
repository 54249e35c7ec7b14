/** What a node of one operator may hold. */
export interface OperatorSchema {
	/** Fewest and most operands, optional ones included. */
	readonly inputs: readonly [number, number];
	readonly outputs: readonly [number, number];
	/** Names and onnx.proto's AttributeType of the attributes. */
	readonly attributes: Readonly<Record<string, string>>;
}

/** Any number of operands. */
const MANY = Infinity;

/**
 * Operators of the ONNX operator set 20 that the graph builder may emit, copied by a script from the schemas of the Python
 * package onnx 1.23.2 (onnx.defs.get_schema(name, 20)).
 */
export const OPSET_20: Readonly<Record<string, OperatorSchema>> = {
	Add: { inputs: [2, 2], outputs: [1, 1], attributes: {} },
	Cast: { inputs: [1, 1], outputs: [1, 1], attributes: { saturate: 'int', to: 'int' } },
	Concat: { inputs: [1, MANY], outputs: [1, 1], attributes: { axis: 'int' } },
	Conv: {
		inputs: [2, 3],
		outputs: [1, 1],
		attributes: {
			auto_pad: 'string',
			dilations: 'ints',
			group: 'int',
			kernel_shape: 'ints',
			pads: 'ints',
			strides: 'ints',
		},
	},
	Div: { inputs: [2, 2], outputs: [1, 1], attributes: {} },
	Erf: { inputs: [1, 1], outputs: [1, 1], attributes: {} },
	Exp: { inputs: [1, 1], outputs: [1, 1], attributes: {} },
	Expand: { inputs: [2, 2], outputs: [1, 1], attributes: {} },
	Gather: { inputs: [2, 2], outputs: [1, 1], attributes: { axis: 'int' } },
	Gelu: { inputs: [1, 1], outputs: [1, 1], attributes: { approximate: 'string' } },
	Gemm: {
		inputs: [2, 3],
		outputs: [1, 1],
		attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
	},
	GreaterOrEqual: { inputs: [2, 2], outputs: [1, 1], attributes: {} },
	HardSigmoid: { inputs: [1, 1], outputs: [1, 1], attributes: { alpha: 'float', beta: 'float' } },
	Identity: { inputs: [1, 1], outputs: [1, 1], attributes: {} },
	LayerNormalization: {
		inputs: [2, 3],
		outputs: [1, 3],
		attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
	},
	MatMul: { inputs: [2, 2], outputs: [1, 1], attributes: {} },
	Max: { inputs: [1, MANY], outputs: [1, 1], attributes: {} },
	Min: { inputs: [1, MANY], outputs: [1, 1], attributes: {} },
	Mul: { inputs: [2, 2], outputs: [1, 1], attributes: {} },
	Neg: { inputs: [1, 1], outputs: [1, 1], attributes: {} },
	Pad: { inputs: [2, 4], outputs: [1, 1], attributes: { mode: 'string' } },
	Reciprocal: { inputs: [1, 1], outputs: [1, 1], attributes: {} },
	ReduceMax: {
		inputs: [1, 2],
		outputs: [1, 1],
		attributes: { keepdims: 'int', noop_with_empty_axes: 'int' },
	},
	ReduceMean: {
		inputs: [1, 2],
		outputs: [1, 1],
		attributes: { keepdims: 'int', noop_with_empty_axes: 'int' },
	},
	ReduceSum: {
		inputs: [1, 2],
		outputs: [1, 1],
		attributes: { keepdims: 'int', noop_with_empty_axes: 'int' },
	},
	ReduceSumSquare: {
		inputs: [1, 2],
		outputs: [1, 1],
		attributes: { keepdims: 'int', noop_with_empty_axes: 'int' },
	},
	Relu: { inputs: [1, 1], outputs: [1, 1], attributes: {} },
	Reshape: { inputs: [2, 2], outputs: [1, 1], attributes: { allowzero: 'int' } },
	Scan: {
		inputs: [1, MANY],
		outputs: [1, MANY],
		attributes: {
			body: 'graph',
			num_scan_inputs: 'int',
			scan_input_axes: 'ints',
			scan_input_directions: 'ints',
			scan_output_axes: 'ints',
			scan_output_directions: 'ints',
		},
	},
	Slice: { inputs: [3, 5], outputs: [1, 1], attributes: {} },
	Softmax: { inputs: [1, 1], outputs: [1, 1], attributes: { axis: 'int' } },
	Split: { inputs: [1, 2], outputs: [1, MANY], attributes: { axis: 'int', num_outputs: 'int' } },
	Sqrt: { inputs: [1, 1], outputs: [1, 1], attributes: {} },
	Sub: { inputs: [2, 2], outputs: [1, 1], attributes: {} },
	Tanh: { inputs: [1, 1], outputs: [1, 1], attributes: {} },
	TopK: { inputs: [2, 2], outputs: [2, 2], attributes: { axis: 'int', largest: 'int', sorted: 'int' } },
	Transpose: { inputs: [1, 1], outputs: [1, 1], attributes: { perm: 'ints' } },
	Where: { inputs: [3, 3], outputs: [1, 1], attributes: {} },
};
