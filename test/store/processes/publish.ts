import { FolderStore } from '../../../src/store/folderStore';
import { sampleDraft } from '../sampleModel';

/** Publishes as many versions as it is told, each with a decoder of its own of the size that it is told. */
const [root, count, decoderBytes] = process.argv.slice(1);

async function main(): Promise<void> {
	const store = new FolderStore(root);
	process.send?.('ready');
	await new Promise((resolve) => process.once('message', resolve));
	const versions: string[] = [];
	for (let i = 0; i < Number(count); i++) {
		const decoder = Buffer.alloc(Number(decoderBytes), `${process.pid}-${i} `);
		const { version } = await store.publish('bolts', sampleDraft(decoder));
		versions.push(version);
		process.send?.(version);
	}
	process.send?.(versions, () => {
		process.disconnect();
	});
}

void main();
