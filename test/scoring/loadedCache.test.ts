import { closing, LoadedCache } from '../../src/scoring/loadedCache';

interface Loaded {
	readonly name: string;
	release(): Promise<void>;
}

function watched(limit: number): {
	cache: LoadedCache<Loaded>;
	made: string[];
	released: string[];
	take: (name: string) => ReturnType<LoadedCache<Loaded>['take']>;
} {
	const cache = new LoadedCache<Loaded>(limit);
	const [made, released]: string[][] = [[], []];
	const take = (name: string): ReturnType<LoadedCache<Loaded>['take']> =>
		cache.take(name, () => {
			made.push(name);
			return Promise.resolve({
				name,
				release: () => {
					released.push(name);
					return Promise.resolve();
				},
			});
		});
	return { cache, made, released, take };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is in use stays, however many there are; then the one asked for longest ago goes', async () => {
	const { made, released, take } = watched(2);
	const leases = [await take('a'), await take('b'), await take('c'), await take('d')];
	await settle();
	expect(released).toEqual([]);
	leases[3].end();
	leases[2].end();
	await settle();
	expect(released).toEqual(['d', 'c']);
	leases[0].end();
	leases[1].end();
	await settle();
	expect(released).toEqual(['d', 'c']);
	(await take('a')).end();
	(await take('e')).end();
	await settle();
	expect(made).toEqual(['a', 'b', 'c', 'd', 'e']);
	expect(released).toEqual(['d', 'c', 'b']);
});

test('it is loaded once for several users, and released after the last of them, once', async () => {
	const { made, released, take } = watched(0);
	const [one, other] = await Promise.all([take('a'), take('a')]);
	expect(one.value).toBe(other.value);
	one.end();
	one.end();
	await settle();
	expect(released).toEqual([]);
	other.end();
	other.end();
	await settle();
	expect(made).toEqual(['a']);
	expect(released).toEqual(['a']);
});

test('what could not be loaded is tried anew', async () => {
	const { cache, take } = watched(1);
	await expect(cache.take('a', () => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
	expect((await take('a')).value.name).toBe('a');
});

test('a model is closed whatever happens to the work with it', async () => {
	const close = jest.fn();
	expect(await closing({ close }, () => Promise.resolve(7))).toBe(7);
	await expect(closing({ close }, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
	expect(close).toHaveBeenCalledTimes(2);
});
