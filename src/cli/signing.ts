import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DinomalyError } from '../errors';
import { errorCode, explainWriteError } from '../files/diskError';
import { isSignedBy, keyIdOf } from '../store/signature';
import { readKey, SIGNING_KEY, signingKey, TRUSTED_KEYS, trustedKeys } from '../store/signingKeys';
import { defineCommand } from './command';
import { MODEL_FLAG, oneModel, openStore, OUTPUT_FLAGS, refuseWords, STORE_FLAG } from './commonFlags';
import { EXIT } from './exit';
import { text, usage } from './flags';

const PRIVATE_FILE = 'dinomaly-signing.pem';
const PUBLIC_FILE = 'dinomaly-signing.pub.pem';

const keygen = defineCommand({
	name: 'models keygen',
	synopsis: '[--out DIR]',
	summary:
		'Make a pair of Ed25519 keys: the private one signs models, the public one tells machines whom to trust',
	examples: ['dinomaly models keygen --out ./keys'],
	flags: { out: text('DIR', 'Folder for the two files (default: the current one)'), ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		refuseWords(words);
		const folder = context.path(values.out ?? '.');
		const { privateKey, publicKey } = generateKeyPairSync('ed25519');
		const files = { privateKey: join(folder, PRIVATE_FILE), publicKey: join(folder, PUBLIC_FILE) };
		await createKeyFile(files.privateKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
		await createKeyFile(files.publicKey, publicKey.export({ type: 'spki', format: 'pem' }), 0o644);
		const keyId = keyIdOf(publicKey);
		return {
			json: { keyId, ...files },
			text:
				`Key ${keyId}\n` +
				`private: ${files.privateKey} - keep it secret; ${SIGNING_KEY} names it where models are signed\n` +
				`public:  ${files.publicKey} - ${TRUSTED_KEYS} names it where models are loaded`,
		};
	},
});

const sign = defineCommand({
	name: 'models sign',
	synopsis: 'NAME[@VERSION|@ALIAS] --key FILE [options]',
	summary:
		'Sign a version after checking its files: the same model becomes a new version, since versions never change',
	examples: ['dinomaly models sign bottles@3 --key keys/dinomaly-signing.pem'],
	flags: {
		...MODEL_FLAG,
		key: text('FILE', `Private key (default: ${SIGNING_KEY})`),
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const ref = oneModel(values.model, words);
		const key =
			values.key === undefined
				? await signingKey()
				: await readKey(context.path(values.key), 'private');
		if (key === undefined) throw usage('Expected --key FILE with the private key, found none');
		const store = openStore(values.store, context);
		const { name, version, path, card } = await store.open(ref);
		const files = Object.fromEntries(
			Object.keys(card.files).map((file) => [file, { file: join(path, file) }]),
		);
		const signed = await store.publish(name, {
			card: { ...card, parent: { name, version } },
			files,
			signedBy: key,
		});
		return {
			json: { model: name, version: signed.version, signed: version, keyId: keyIdOf(key) },
			text: `${name}@${signed.version} is ${name}@${version}, signed by the key ${keyIdOf(key)}`,
		};
	},
});

const verify = defineCommand({
	name: 'models verify',
	synopsis: 'NAME[@VERSION|@ALIAS] [--key FILE] [options]',
	summary:
		'Check the files of a version against its card, and the signature of the card against a public key',
	examples: ['dinomaly models verify bottles --key keys/dinomaly-signing.pub.pem'],
	flags: {
		...MODEL_FLAG,
		key: text('FILE', `Public key (default: those of ${TRUSTED_KEYS})`),
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const ref = oneModel(values.model, words);
		const keys =
			values.key === undefined
				? await trustedKeys()
				: [await readKey(context.path(values.key), 'public')];
		if (keys === undefined) throw usage(`Expected --key FILE or ${TRUSTED_KEYS}, found neither`);
		const { name, version, card } = await openStore(values.store, context).open(ref);
		const signer = keys.find((key) => isSignedBy(card, key));
		const keyId = card.signature?.keyId ?? null;
		return {
			json: { model: name, version, valid: signer !== undefined, keyId },
			text:
				signer === undefined
					? `${name}@${version}: ${keyId === null ? 'not signed' : `not signed by the given keys, but by the key ${keyId}, or over other content`}`
					: `${name}@${version}: files as the card says, card signed by the key ${keyIdOf(signer)}`,
			...(signer === undefined && {
				failure: `${name}@${version} has no valid signature of the given keys`,
				exitCode: EXIT.gate,
			}),
		};
	},
});

export const signingCommands = [keygen, sign, verify];

async function createKeyFile(path: string, pem: string | Buffer, mode: number): Promise<void> {
	try {
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, pem, { flag: 'wx', mode });
		return;
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') throw await explainWriteError(error, path);
	}
	throw new DinomalyError('CONFIG_INVALID', `Expected no file at ${path} yet, found one`, {
		hint: 'Keys are never overwritten: choose another folder, or move the old pair away.',
	});
}
