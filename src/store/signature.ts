import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { ModelCard } from './card';
import { KEY_ID_DIGITS, type CardSignature } from './cardSignature';

/** Text before what is signed, so that a signature is good for nothing else. */
const PURPOSE = 'n8n-nodes-dinomaly model card 1\n';

/** Signs a card with an Ed25519 private key. */
export function signCard(card: ModelCard, key: KeyObject): CardSignature {
	return { keyId: keyIdOf(key), value: sign(null, signedBytes(card), key).toString('base64') };
}

/** Whether the card's signature was made by the private part of a public key over this very content. */
export function isSignedBy(card: ModelCard, key: KeyObject): boolean {
	const { signature } = card;
	if (signature?.keyId !== keyIdOf(key)) return false;
	return verify(null, signedBytes(card), key, Buffer.from(signature.value, 'base64'));
}

/** Sixteen hexadecimal digits that tell a key, private or public, from others. */
export function keyIdOf(key: KeyObject): string {
	const spki = (key.type === 'private' ? createPublicKey(key) : key).export({
		type: 'spki',
		format: 'der',
	});
	return createHash('sha256').update(spki).digest('hex').slice(0, KEY_ID_DIGITS);
}

/**
 * What a signature vouches for: all that the card says, the hashes of the files above all. Name, number and parent are left out, because an
 * import gives the same model others.
 */
function signedBytes(card: ModelCard): Buffer {
	const content = { ...card, name: undefined, version: undefined, parent: undefined, signature: undefined };
	return Buffer.from(PURPOSE + canonical(content));
}

/** JSON with sorted keys and without spaces: the same for the same content. */
function canonical(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
	if (typeof value !== 'object' || value === null) return JSON.stringify(value);
	const fields = Object.entries(value)
		.filter(([, one]) => one !== undefined)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`);
	return `{${fields.join(',')}}`;
}
