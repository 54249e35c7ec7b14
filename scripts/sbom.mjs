// Writes the software bill of materials of the package as CycloneDX JSON: node scripts/sbom.mjs [FILE]
// Of what the package installs, resolved anew: development tools and n8n itself are no part of it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { collect } from './n8n/command.mjs';
import { withNode } from './n8n/places.mjs';
import { root } from './setup.mjs';

const temporary = mkdtempSync(path.join(tmpdir(), 'dinomaly-sbom-'));
try {
	const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
	const { name, version, description, license, dependencies } = manifest;
	const work = path.join(temporary, name); // npm names the bill after the folder
	mkdirSync(work);
	writeFileSync(
		path.join(work, 'package.json'),
		JSON.stringify({ name, version, description, license, dependencies }),
	);
	const options = { cwd: work, env: withNode() };
	await collect(
		'npm',
		['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'],
		options,
	);
	const bill = await collect('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], options);
	const file = process.argv[2];
	if (file === undefined) process.stdout.write(bill);
	else writeFileSync(file, bill);
} finally {
	rmSync(temporary, { recursive: true, force: true });
}
