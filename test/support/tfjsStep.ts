import * as tf from '@tensorflow/tfjs';
import { TfjsStep } from '../../src/model/tfjs/step';

/** The package's own step in TensorFlow.js, on the TensorFlow.js of the tests: the oracle for its ONNX graphs. */
export const oracle = new TfjsStep(tf);

/** TensorFlow.js on the CPU, without its advice to install something else. */
export async function useTfjsCpu(): Promise<void> {
	tf.enableProdMode();
	await tf.setBackend('cpu');
}
