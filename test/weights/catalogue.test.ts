import {
	defaultSizes,
	DESCRIPTORS,
	EMBEDDED_ENCODER,
	ENCODERS,
	findEncoder,
} from '../../src/weights/catalogue';

test('every name is there once and is a plain word', () => {
	const names = ENCODERS.map(({ name }) => name);
	expect(new Set(names).size).toBe(names.length);
	for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
	expect(findEncoder('dinov2-reg-small')?.source?.repo).toBe('facebook/dinov2-with-registers-small');
	expect(findEncoder('no-such')).toBeUndefined();
});

test('only those in the package need no download, and only their content is pinned beforehand', () => {
	const own = [DESCRIPTORS, EMBEDDED_ENCODER];
	expect(ENCODERS.filter(({ source }) => source === null).map(({ name }) => name)).toEqual(own);
	expect(ENCODERS.filter(({ sha256 }) => sha256 !== null).map(({ name }) => name)).toEqual(own);
	for (const { source } of ENCODERS) if (source !== null) expect(source.file).toBe('model.safetensors');
});

test('crops are whole patches, and BEiT is offered at the grid that it has', () => {
	for (const { architecture, cropSize, imageSize } of ENCODERS) {
		expect(cropSize % architecture.patch).toBe(0);
		expect(imageSize).toBeGreaterThan(cropSize);
		if (architecture.family === 'beit') expect(cropSize / architecture.patch).toBe(architecture.gridSide);
	}
	expect(defaultSizes(14)).toEqual({ imageSize: 448, cropSize: 392 });
	expect(defaultSizes(16)).toEqual({ imageSize: 256, cropSize: 224 });
});

test('large encoders have their own target layers', () => {
	expect(findEncoder('dinov2-reg-large')?.targetLayers).toEqual([4, 6, 8, 10, 12, 14, 16, 18]);
	expect(findEncoder('embedded')?.targetLayers).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a licence that forbids commercial use shows in the title', () => {
	for (const { licence, title } of ENCODERS)
		expect(licence.includes('-NC-')).toBe(title.includes('not for commercial use'));
});
