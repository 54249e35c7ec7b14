import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { DinomalyError } from '../errors';
import type { ModelCard } from './card';
import { isSignedBy, keyIdOf } from './signature';

type Environment = Readonly<Record<string, string | undefined>>;

/** Files with Ed25519 public keys: with it set, only versions that one of them signed are loaded or imported. */
export const TRUSTED_KEYS = 'DINOMALY_TRUSTED_KEYS';
/** File with the Ed25519 private key that new versions are signed with. */
export const SIGNING_KEY = 'DINOMALY_SIGNING_KEY';

/** The private key that new versions are signed with; undefined when none is set. Throws CONFIG_INVALID for a file that holds none. */
export async function signingKey(environment: Environment = process.env): Promise<KeyObject | undefined> {
	const file = environment[SIGNING_KEY]?.trim() ?? '';
	return file === '' ? undefined : readKey(file, 'private');
}

/** The public keys of the environment; undefined when every version is trusted. Throws CONFIG_INVALID for a file that holds none. */
export async function trustedKeys(environment: Environment = process.env): Promise<KeyObject[] | undefined> {
	const named = environment[TRUSTED_KEYS];
	if (named === undefined || named.trim() === '') return undefined;
	const files = named.split(delimiter).filter((file) => file.trim() !== '');
	return Promise.all(files.map((file) => readKey(file.trim(), 'public')));
}

/** Reads an Ed25519 key from a PEM file; throws CONFIG_INVALID, which repeats nothing of the file. */
export async function readKey(file: string, type: 'public' | 'private'): Promise<KeyObject> {
	let key: KeyObject | undefined;
	try {
		const pem = await readFile(file, 'utf8');
		// A private key would do as a public one; but then it lies where it should not.
		if (type === 'private') key = createPrivateKey(pem);
		else if (!pem.includes('PRIVATE KEY')) key = createPublicKey(pem);
	} catch {
		key = undefined;
	}
	if (key?.asymmetricKeyType === 'ed25519') return key;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected an Ed25519 ${type} key in PEM form in ${file}, found none that can be read`,
		{ hint: 'Make a pair of keys with: dinomaly models keygen' },
	);
}

/** Throws MODEL_INVALID for a version that no trusted key has signed, when keys are set. `what` names it. */
export async function requireTrusted(card: ModelCard, what: string): Promise<void> {
	const keys = await trustedKeys();
	if (keys === undefined || keys.some((key) => isSignedBy(card, key))) return;
	throw new DinomalyError(
		'MODEL_INVALID',
		`Expected ${what} to be signed by a trusted key, found ${foundInstead(card, keys)}`,
		{
			hint: `Whoever vouches for it signs it: dinomaly models sign NAME --key FILE. ${TRUSTED_KEYS} names the keys that are trusted.`,
		},
	);
}

/** Throws CONFIG_INVALID when a version made here would not be loaded here: before hours of training, not after. */
export async function requireSigner(): Promise<void> {
	const keys = await trustedKeys();
	if (keys === undefined) return;
	const signer = await signingKey();
	if (signer !== undefined && keys.some((key) => keyIdOf(key) === keyIdOf(signer))) return;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected a signing key that ${TRUSTED_KEYS} trusts, found ${signer === undefined ? 'none' : `the key ${keyIdOf(signer)}, which it does not`}`,
		{
			hint: `Set ${SIGNING_KEY} to the file of the private key, or train on a machine that trusts all models.`,
		},
	);
}

function foundInstead({ signature }: ModelCard, keys: readonly KeyObject[]): string {
	if (signature === undefined) return 'no signature';
	return keys.some((key) => keyIdOf(key) === signature.keyId)
		? 'a signature over other content'
		: `one of the key ${signature.keyId}`;
}
