import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { DataType, TensorData } from '../../src/graph';
import type { Value } from '../../src/runtime/session';

/** A session that runs a graph as it is: it opens several times faster, since ONNX Runtime fuses nothing. */
export class UnoptimisedSession {
	private constructor(private readonly session: InferenceSession) {}

	static async create(model: Uint8Array): Promise<UnoptimisedSession> {
		return new UnoptimisedSession(
			await InferenceSession.create(model, {
				graphOptimizationLevel: 'disabled',
				intraOpNumThreads: 1,
			}),
		);
	}

	async run(
		feeds: Readonly<Record<string, Value>>,
		wanted: Readonly<Record<string, null>>,
	): Promise<Record<string, Value>> {
		const inputs = Object.entries(feeds).map(
			([name, { dtype, data, shape }]) => [name, new Tensor(dtype, data as never, shape)] as const,
		);
		const outputs = await this.session.run(Object.fromEntries(inputs), wanted);
		return Object.fromEntries(
			Object.entries(outputs).map(([name, { type, dims, data }]) => [
				name,
				{ dtype: type as DataType, shape: dims, data: data as TensorData },
			]),
		);
	}

	async release(): Promise<void> {
		await this.session.release();
	}
}
