import sharp from 'sharp';
import { drawItemPictures } from '../../src/evaluation/itemPictures';

const context = { signal: new AbortController().signal };

async function png(width: number, height: number, colour: string): Promise<Buffer> {
	return sharp({ create: { width, height, channels: 3, background: colour } })
		.png()
		.toBuffer();
}

test('large pictures shrink to 320 pixels with their shape, and everything is a JPEG', async () => {
	const image = await png(900, 300, '#808080');
	const mask = await png(900, 300, '#ffffff');
	const [drawn] = await drawItemPictures({ items: [{ image, heatmap: image, mask }] }, context);
	for (const picture of [drawn.image, drawn.heatmap, drawn.truth]) {
		const { format, width, height } = await sharp(picture!).metadata();
		expect([format, width, height]).toEqual(['jpeg', 320, 107]);
	}
});

test('the ground truth keeps the defect as it is and dims the rest', async () => {
	const image = await png(64, 64, '#c0c0c0');
	const mask = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#000000' } })
		.composite([{ input: await png(24, 24, '#ffffff'), left: 32, top: 32 }])
		.png()
		.toBuffer();
	const [{ truth }] = await drawItemPictures({ items: [{ image, mask }] }, context);
	const { data, info } = await sharp(truth!).raw().toBuffer({ resolveWithObject: true });
	const at = (x: number, y: number): number => data[(y * info.width + x) * info.channels];
	expect(at(44, 44)).toBeGreaterThan(180);
	expect(at(10, 10)).toBeLessThan(80);
});

test('what is no image is left out, and so is what did not come', async () => {
	const image = await png(8, 8, '#ffffff');
	const broken = Buffer.from('no picture');
	expect(await drawItemPictures({ items: [{ image: broken }, { image, mask: broken }] }, context)).toEqual([
		{ image: null, heatmap: null, truth: null },
		{ image: expect.any(Uint8Array), heatmap: null, truth: null },
	]);
});

test('a cancel ends it between two items', async () => {
	const image = await png(8, 8, '#ffffff');
	await expect(
		drawItemPictures({ items: [{ image }] }, { signal: AbortSignal.abort() }),
	).rejects.toMatchObject({ name: 'AbortError' });
});
