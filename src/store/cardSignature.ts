import type { JsonFields } from './jsonFields';

/** A signature on a model card. */
export interface CardSignature {
	/** Which key made it: the start of the SHA-256 of the public key. */
	readonly keyId: string;
	/** Ed25519, in base64. */
	readonly value: string;
}

/** Hexadecimal digits of a key's name. */
export const KEY_ID_DIGITS = 16;
/** 64 bytes in base64. */
const VALUE = /^[A-Za-z0-9+/]{86}==$/;
const KEY_ID = /^[0-9a-f]{16}$/;

/** Reads a card's signature; throws MODEL_INVALID. */
export function readSignature(fields: JsonFields): CardSignature {
	const keyId = fields.text('keyId');
	if (!KEY_ID.test(keyId)) throw fields.unexpected('keyId', `${KEY_ID_DIGITS} hexadecimal digits`);
	const value = fields.text('value');
	if (!VALUE.test(value)) throw fields.unexpected('value', 'an Ed25519 signature in base64');
	return { keyId, value };
}
