import { createPrivateKey, generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../src/cli/main';
import { openEngine } from '../../src/engine/host';
import { FolderStore } from '../../src/store/folderStore';
import { importPackage, writePackage } from '../../src/store/modelPackage';
import { isSignedBy } from '../../src/store/signature';
import { readKey, requireSigner } from '../../src/store/signingKeys';
import { sampleDraft, temporaryFolder } from './sampleModel';

const folder = temporaryFolder();
const keys = path.join(folder, 'keys');
const privateFile = path.join(keys, 'dinomaly-signing.pem');
const publicFile = path.join(keys, 'dinomaly-signing.pub.pem');
const storeFolder = path.join(folder, 'store');
const store = new FolderStore(storeFolder);

afterEach(() => {
	delete process.env.DINOMALY_TRUSTED_KEYS;
	delete process.env.DINOMALY_SIGNING_KEY;
});

async function dinomaly(line: string): Promise<{ code: number; out: string; err: string }> {
	let [out, err] = ['', ''];
	const code = await main(line.split(' '), {
		stdout: { write: (text) => (out += text) },
		stderr: { write: (text) => (err += text) },
		env: { DINOMALY_STORE: storeFolder },
		cwd: folder,
		openEngine, // never started: these commands need none
		onInterrupt: () => () => undefined,
		exit: () => undefined,
	});
	return { code, out, err };
}

test('a pair of keys is made once, and the private one is for its owner only', async () => {
	expect((await dinomaly('models keygen --out keys')).out).toMatch(/^Key [0-9a-f]{16}\n/);
	expect(createPrivateKey(readFileSync(privateFile)).asymmetricKeyType).toBe('ed25519');
	if (process.platform !== 'win32') expect(statSync(privateFile).mode & 0o777).toBe(0o600);
	const again = await dinomaly('models keygen --out keys');
	expect(again).toMatchObject({ code: 1, err: expect.stringContaining('Expected no file at') });
});

test('a version is signed as a new version, and verified against the public key', async () => {
	await store.publish('bolts', sampleDraft());
	expect(await dinomaly('models verify bolts@1 --key keys/dinomaly-signing.pub.pem')).toMatchObject({
		code: 3,
		out: 'bolts@1: not signed\n',
	});
	const signed = await dinomaly('models sign bolts@1 --key keys/dinomaly-signing.pem');
	expect(signed.out).toMatch(/^bolts@2 is bolts@1, signed by the key [0-9a-f]{16}\n$/);
	const { card } = await store.open('bolts@2');
	expect(card).toMatchObject({
		parent: { name: 'bolts', version: '1' },
		files: (await store.open('bolts@1')).card.files,
	});
	expect(await dinomaly('models verify bolts@2 --key keys/dinomaly-signing.pub.pem')).toMatchObject({
		code: 0,
	});
});

test('the signature is Ed25519 over the card as sorted JSON, without what an import changes', async () => {
	const written = JSON.parse(
		await readFile(path.join((await store.open('bolts@2')).path, 'model.json'), 'utf8'),
	) as Record<string, unknown>;
	const { signature } = written;
	const content = { ...written };
	for (const field of ['name', 'version', 'parent', 'signature']) Reflect.deleteProperty(content, field);
	const sorted = (value: unknown): unknown => {
		if (Array.isArray(value)) return value.map(sorted);
		if (typeof value !== 'object' || value === null) return value;
		return Object.fromEntries(
			Object.entries(value)
				.sort(([a], [b]) => (a < b ? -1 : 1))
				.map(([key, one]) => [key, sorted(one)]),
		);
	};
	const message = Buffer.from(`n8n-nodes-dinomaly model card 1\n${JSON.stringify(sorted(content))}`);
	const { value } = signature as { value: string };
	expect(verify(null, message, readFileSync(publicFile), Buffer.from(value, 'base64'))).toBe(true);
});

test('with trusted keys, what is not signed by one is refused in a sentence', async () => {
	process.env.DINOMALY_TRUSTED_KEYS = publicFile;
	const opened = await store.open('bolts@2');
	await expect(store.open('bolts@1')).rejects.toMatchObject({
		code: 'MODEL_INVALID',
		message: 'Expected "bolts" version 1 to be signed by a trusted key, found no signature',
	});
	await expect(store.publish('bolts', sampleDraft())).rejects.toMatchObject({ code: 'MODEL_INVALID' });
	await expect(requireSigner()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
	// Another calibration under the same signature: its hash is in the card, and the card is signed.
	const card = { ...opened.card, seed: 2 };
	writeFileSync(path.join(opened.path, 'model.json'), JSON.stringify(card));
	await expect(store.open('bolts@2')).rejects.toThrow('found a signature over other content');
	writeFileSync(path.join(opened.path, 'model.json'), JSON.stringify(opened.card));
	const stranger = path.join(folder, 'stranger.pem');
	writeFileSync(stranger, generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }));
	process.env.DINOMALY_TRUSTED_KEYS = stranger;
	await expect(store.open('bolts@2')).rejects.toThrow(/found one of the key [0-9a-f]{16}$/);
	process.env.DINOMALY_TRUSTED_KEYS = [stranger, publicFile].join(path.delimiter);
	expect((await store.open('bolts@2')).version).toBe('2');
	process.env.DINOMALY_TRUSTED_KEYS = privateFile;
	await expect(store.open('bolts@2')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a signature survives export and import, and an import is never signed by the one who imports', async () => {
	const other = new FolderStore(path.join(folder, 'other'));
	const archives = [path.join(folder, '1.zip'), path.join(folder, '2.zip')];
	for (const [i, archive] of archives.entries()) await writePackage(store, `bolts@${i + 1}`, archive);
	process.env.DINOMALY_SIGNING_KEY = privateFile;
	const unsigned = await importPackage(other, await readFile(archives[0]));
	expect(unsigned.card.signature).toBeUndefined();
	process.env.DINOMALY_TRUSTED_KEYS = publicFile;
	expect(await importPackage(other, await readFile(archives[1]), 'line2')).toMatchObject({
		name: 'line2',
		version: '1',
	});
	await expect(importPackage(other, await readFile(archives[0]))).rejects.toMatchObject({
		code: 'MODEL_INVALID',
	});
});

test('with a signing key, new versions are signed as they are published; those made of others are signed anew', async () => {
	process.env.DINOMALY_SIGNING_KEY = privateFile;
	process.env.DINOMALY_TRUSTED_KEYS = publicFile;
	await requireSigner();
	const { card } = await store.publish('nuts', sampleDraft());
	const draft = sampleDraft(Buffer.from('others'));
	const made = await store.publish('nuts', {
		...draft,
		card: { ...card, parent: { name: 'nuts', version: '1' } },
	});
	expect(made.card.signature).not.toEqual(card.signature);
	expect(isSignedBy(made.card, await readKey(publicFile, 'public'))).toBe(true);
	delete process.env.DINOMALY_SIGNING_KEY;
	delete process.env.DINOMALY_TRUSTED_KEYS;
	const later = await store.publish('nuts', { ...draft, card: { ...card } });
	expect(later.card.signature).toBeUndefined();
});
