import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FeatureCache } from '../../src/encoding/featureCache';
import { temporaryFolder } from '../store/sampleModel';

const KEY = { encoderSha256: 'e', encoding: { imageSize: 112, cropSize: 112, groups: 2 } };
const folder = temporaryFolder();

test('what processes that were killed left half-written goes at the next training, what is being written stays', async () => {
	const cache = join(folder, 'cache');
	mkdirSync(join(cache, 'ab'), { recursive: true });
	const unfinished = (id: string): string =>
		join(cache, 'ab', `abc.f16.${id}0000000-0000-4000-8000-000000000000.tmp`);
	for (const id of ['a', 'b']) writeFileSync(unfinished(id), 'half');
	const longAgo = new Date(Date.now() - 2 * 3_600_000);
	utimesSync(unfinished('a'), longAgo, longAgo);
	expect(await new FeatureCache(cache, KEY).write('image', new Uint16Array([1, 2]))).toBe(true);
	expect(existsSync(unfinished('a'))).toBe(false);
	expect(existsSync(unfinished('b'))).toBe(true);
	expect(await new FeatureCache(cache, KEY).read('image', 2)).toEqual(new Uint16Array([1, 2]));
});

test('a full cache drops what was used longest ago', async () => {
	const cache = join(folder, 'full');
	const features = new FeatureCache(cache, KEY, 100);
	for (const [i, image] of ['first', 'second', 'third'].entries()) {
		await features.write(image, new Uint16Array(20));
		for (const name of readdirSync(cache, { recursive: true }).map(String)) {
			const moment = new Date(Date.now() - 60_000 + 1000 * i);
			if (name.endsWith('.f16') && i === 0) utimesSync(join(cache, name), moment, moment);
		}
	}
	const held = await Promise.all(['first', 'second', 'third'].map((image) => features.has(image, 20)));
	expect(held).toEqual([false, true, true]);
});
