import { readZip } from '../../src/files/zip';
import { importPackage } from '../../src/store/modelPackage';
import type { ModelStore } from '../../src/store/modelStore';
import { fuzz } from './support/fuzz';
import { mutateBytes } from './support/mutate';

/** Made by Python's zipfile: model.json deflated, decoder.safetensors stored. */
const ARCHIVE = Buffer.from(
	'UEsDBBQAAAAIAAAAIVy73cuoGAAAAFQBAAAQAAAAYm9sdHMvbW9kZWwuanNvbqtWykvMTVWyUlBKys8pKVaqrR4VoFQAAFBLAwQUAAAAAAAAACFcWHPSGgcAAAAHAAAAGQAAAGJvbHRzL2RlY29kZXIuc2FmZXRlbnNvcnN3ZWlnaHRzUEsBAhQDFAAAAAgAAAAhXLvdy6gYAAAAVAEAABAAAAAAAAAAAAAAAIABAAAAAGJvbHRzL21vZGVsLmpzb25QSwECFAMUAAAAAAAAACFcWHPSGgcAAAAHAAAAGQAAAAAAAAAAAAAAgAFGAAAAYm9sdHMvZGVjb2Rlci5zYWZldGVuc29yc1BLBQYAAAAAAgACAIUAAACEAAAAAAA=',
	'base64',
);
const store = { importFolder: () => Promise.resolve({}) } as unknown as ModelStore;

fuzz('ZIP', {
	input: (random) => Buffer.from(mutateBytes(ARCHIVE, random)),
	parse: async (archive) => {
		for (const entry of readZip(archive)) await entry.unpack();
	},
	share: 4,
});
fuzz('packed model', {
	input: (random) => Buffer.from(mutateBytes(ARCHIVE, random)),
	parse: (archive) => importPackage(store, archive),
});

test('the archive is one that is read', async () => {
	const contents = await Promise.all(readZip(ARCHIVE).map((entry) => entry.unpack()));
	expect(contents.map(String)).toEqual(['{"name": "bolts"}'.repeat(20), 'weights']);
});
