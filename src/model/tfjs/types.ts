import type * as tf from '@tensorflow/tfjs';

export type { tf };

/** TensorFlow.js as one of its packages gives it; the types are all that is taken from it here. */
export type Tfjs = typeof tf;

export type Tensors = Readonly<Record<string, tf.Tensor>>;
