// Whether the demonstration's model is there.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { store } from './home.mjs';

export function modelExists(name) {
	return existsSync(path.join(store, 'models', name, 'versions'));
}
