import { FolderStore } from '../../../src/store/folderStore';

/** Points the alias at its version again and again. */
const [root, version, count] = process.argv.slice(1);

async function main(): Promise<void> {
	const store = new FolderStore(root);
	for (let i = 0; i < Number(count); i++) {
		await store.promote(`bolts@${version}`, 'production', {
			by: `process ${process.pid}`,
			why: `move ${i}`,
		});
	}
	process.disconnect();
}

void main();
