import { execFileSync } from 'node:child_process';

/** A model of one operator, run where WebGPU has to be there. */
const PROBE = `
const { Graph, serialise, scale } = require('./src/graph');
const { Session } = require('./src/runtime/session');
const graph = new Graph();
graph.output('y', scale(graph.input('x', 'float32', [1]), 2));
const x = { dtype: 'float32', shape: [1], data: Float32Array.of(3) };
Session.create(serialise(graph), { device: 'webgpu', requireDevice: true })
	.then((session) => session.run({ x }, { y: null }))
	.then(({ y }) => process.exit(y.data[0] === 6 ? 0 : 1), () => process.exit(1));
`;

/** `describe` where WebGPU works, in hardware or over SwiftShader; else a skipped block whose title says why. */
export function describeWebGpu(title: string, body: () => void): void {
	if (isThere()) describe(title, body);
	else
		test.skip(`${title}: no WebGPU here (chromium-common and libvulkan1 bring one in software)`, () =>
			undefined);
}

function isThere(): boolean {
	try {
		const hook = require.resolve('./typescript.cjs');
		execFileSync(process.execPath, ['-r', hook, '-e', PROBE], { stdio: 'ignore', timeout: 30_000 });
		return true;
	} catch {
		return false;
	}
}
