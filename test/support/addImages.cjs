// Adds COUNT images to the dataset DIR and prints how many were new: node addImages.cjs DIR COUNT
require('./typescript.cjs');
const sharp = require('sharp');
const { addImage } = require('../../src/dataset/intake/index.ts');

async function main() {
	const [dir, count] = process.argv.slice(2);
	let added = 0;
	for (let level = 0; level < Number(count); level++) {
		const background = { r: level, g: 0, b: 0 };
		const bytes = await sharp({ create: { width: 20, height: 18, channels: 3, background } })
			.png()
			.toBuffer();
		const image = { name: 'cam.png', bytes, category: 'bottle', split: 'test', label: 'good' };
		if ((await addImage({ dir, image })).added) added++;
	}
	process.stdout.write(String(added));
}

void main();
