/** Numbers that a model's linear layers are multiplied in when it scores. */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;

export type Precision = (typeof PRECISIONS)[number];

/** Those that differ from what a model was trained in, so that a version is compared before it scores in them. */
export type ReducedPrecision = Exclude<Precision, 'float32'>;

export const REDUCED_PRECISIONS = ['float16', 'int8'] as const satisfies readonly ReducedPrecision[];
