import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listUnfinished, openTraining } from '../../src/store/unfinishedTraining';
import { temporaryFolder } from './sampleModel';

const root = temporaryFolder();
const files = [{ name: 'state', bytes: Buffer.from('state') }];

test('a model is trained by one process at a time, different models side by side', async () => {
	const bolts = await openTraining(root, 'bolts');
	await expect(openTraining(root, 'bolts')).rejects.toMatchObject({
		code: 'STORE_BUSY',
		message: expect.stringContaining('Expected the training of model "bolts" to be free'),
	});
	const nuts = await openTraining(root, 'nuts');
	await nuts.end();
	await bolts.end();
	await (await openTraining(root, 'bolts')).end();
});

test('what was cut off is listed and resumed, what was finished is not', async () => {
	const first = await openTraining(root, 'cut-off');
	await first.checkpoints.save(10, files);
	await first.end();
	expect(await listUnfinished(root)).toEqual(['cut-off']);
	const second = await openTraining(root, 'cut-off');
	expect(await second.checkpoints.latest()).toMatchObject({ step: 10 });
	writeFileSync(join(second.folder, 'request.json'), '{}');
	await second.discard();
	expect(readdirSync(second.folder)).toEqual([]);
	await second.end();
	expect(await listUnfinished(root)).toEqual([]);
});

test('a process that slept and was overtaken is told before it writes', async () => {
	const sleeper = await openTraining(root, 'slept');
	await sleeper.assertHeld();
	utimesSync(join(root, 'locks', 'training-slept', '1.held'), 1, 1);
	const successor = await openTraining(root, 'slept');
	await expect(sleeper.assertHeld()).rejects.toMatchObject({ code: 'STORE_BUSY' });
	await successor.assertHeld();
	await successor.end();
	await sleeper.end();
});

test('a name that is no folder name is refused', async () => {
	await expect(openTraining(root, '../bolts')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
