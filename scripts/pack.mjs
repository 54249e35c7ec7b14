// Packs the package as it is published: node scripts/pack.mjs [FOLDER]
// Its README is read on npm's site too, which finds no file of the package by a relative link: in the archive, links and pictures are
// addresses of a server that hands out the files of published packages. The checkout's README stays as it is.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { collect } from './n8n/command.mjs';
import { withNode } from './n8n/places.mjs';
import { prepare, root } from './setup.mjs';

const FILES_OF_PACKAGES = 'https://unpkg.com';
/** A link or picture that is neither an address nor a place within the page. */
const RELATIVE = /(\]\()(?![a-z][a-z+.-]*:|#|\/)([^)\s]+\))/gi;

/**
 * Packs the checkout at `source`, which is built.
 * @returns the archive, in `folder`
 */
export async function packPackage(source, folder) {
	const work = mkdtempSync(path.join(tmpdir(), 'dinomaly-pack-'));
	try {
		const plain = await npmPack(source, work);
		await collect('tar', ['-xzf', plain], { cwd: work });
		const unpacked = path.join(work, 'package');
		const manifest = JSON.parse(readFileSync(path.join(unpacked, 'package.json'), 'utf8'));
		const readme = path.join(unpacked, 'README.md');
		writeFileSync(readme, readmeForNpm(readFileSync(readme, 'utf8'), manifest));
		const archive = await npmPack(unpacked, unpacked);
		const target = path.join(folder, archive);
		copyFileSync(path.join(unpacked, archive), target);
		return target;
	} finally {
		rmSync(work, { recursive: true, force: true });
	}
}

/** The README with every relative link made an address of this version's files. */
export function readmeForNpm(text, { name, version }) {
	return text.replace(RELATIVE, `$1${FILES_OF_PACKAGES}/${name}@${version}/$2`);
}

/** @returns the archive's name, in `folder` */
async function npmPack(source, folder) {
	const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
	const output = await collect('npm', args, { cwd: source, env: withNode() });
	return output.trim().split('\n').at(-1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	prepare();
	const archive = await packPackage(root, path.resolve(process.argv[2] ?? '.'));
	console.log(`${archive}\nTo publish it: npm publish ${path.relative('.', archive)}`);
}
