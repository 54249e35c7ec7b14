import { join } from 'node:path';
import { NodeConnectionTypes, type IExecuteFunctions, type INodeType } from 'n8n-workflow';
import { forEachItem } from '../../../nodes/shared/items';
import { readImage } from '../../../nodes/shared/images';
import { readFolder } from '../../../nodes/shared/folders';
import { DinomalyError } from '../../../src/errors';
import { chain, fileItem, node, oneNode, source } from '../support/flow';
import { N8nLab } from '../support/n8nLab';

/** Does to each item what its field `act` says. */
class Actor implements INodeType {
	description: INodeType['description'] = {
		displayName: 'Actor',
		name: 'actor',
		group: ['transform'],
		version: 1,
		description: '',
		defaults: { name: 'Actor' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [{ displayName: 'Folder', name: 'dataFolder', type: 'string', default: '' }],
	};

	async execute(this: IExecuteFunctions): ReturnType<NonNullable<INodeType['execute']>> {
		const results = await forEachItem(this, async ({ json }, i) => {
			if (json.act === 'fail')
				throw new DinomalyError('INPUT_MISSING', 'Expected a thing, found ENOENT', {
					hint: 'Bring it.',
				});
			if (json.act === 'two') return [{ json: { n: 1 } }, { json: { n: 2 } }];
			if (json.act === 'image') {
				const { name, bytes, field } = await readImage(this, i, 'data');
				return { json: { name, size: bytes.length, field } };
			}
			if (json.act === 'folder') return { json: { folder: await readFolder(this, i, 'dataFolder') } };
			if (json.act === 'wait')
				await new Promise((resolve) => {
					this.getExecutionCancelSignal()?.addEventListener('abort', resolve);
				});
			return { json: { done: json.act } };
		});
		return [results];
	}
}

let lab: N8nLab;
beforeAll(async () => {
	lab = await N8nLab.open({ actor: Actor });
});
afterAll(() => {
	lab.close();
});

const acts = (...names: string[]) => names.map((act) => ({ json: { act } }));

test('results are paired with their items, several results of one item too', async () => {
	const run = await lab.run(oneNode('actor'), { items: acts('a', 'two', 'b') });
	expect(run.status).toBe('success');
	expect(run.items().map(({ json, pairedItem }) => [json, pairedItem])).toEqual([
		[{ done: 'a' }, { item: 0 }],
		[{ n: 1 }, { item: 1 }],
		[{ n: 2 }, { item: 1 }],
		[{ done: 'b' }, { item: 2 }],
	]);
});

test('a failing item ends the node with our words, even when they look like an error code', async () => {
	const run = await lab.run(oneNode('actor'), { items: acts('a', 'fail') });
	expect(run.status).toBe('error');
	expect(run.error).toMatchObject({
		name: 'NodeOperationError',
		message: 'Expected a thing, found ENOENT',
		description: 'Bring it.',
		context: { itemIndex: 1 },
	});
});

test('with an error output the failing item goes there with its own fields, the others go on', async () => {
	const run = await lab.run(oneNode('actor', {}, { onError: 'continueErrorOutput' }), {
		items: acts('a', 'fail', 'b'),
	});
	const [good, bad] = run.outputs();
	expect(good.map(({ json }) => json)).toEqual([{ done: 'a' }, { done: 'b' }]);
	expect(bad.map(({ json }) => json)).toEqual([
		{ act: 'fail', error: 'Expected a thing, found ENOENT', details: 'Bring it.' },
	]);
});

test('continuing on the regular output keeps order and pairing', async () => {
	const run = await lab.run(oneNode('actor', {}, { onError: 'continueRegularOutput' }), {
		items: acts('fail', 'b'),
	});
	expect(run.items()).toMatchObject([
		{ json: { error: 'Expected a thing, found ENOENT', details: 'Bring it.' }, pairedItem: { item: 0 } },
		{ json: { done: 'b' }, pairedItem: { item: 1 } },
	]);
});

test('a stopped execution ends at once, whatever the error setting says', async () => {
	const running = lab.start(oneNode('actor', {}, { onError: 'continueRegularOutput' }), {
		items: acts('a', 'wait', 'b'),
	});
	setTimeout(() => {
		running.cancel();
	}, 100);
	const run = await running.done;
	expect(run.status).toBe('canceled');
	expect(run.json()).not.toContainEqual({ done: 'b' });
});

test('an image is read from the named field, else from the first image with one hint for all items', async () => {
	const items = [
		fileItem(Buffer.from('x'), { json: { act: 'image' }, fileName: 'a.png' }),
		fileItem(Buffer.from('yy'), { json: { act: 'image' }, field: 'data0' }),
		fileItem(Buffer.from('zzz'), { json: { act: 'image' }, field: 'data0', mimeType: 'image/jpeg' }),
	];
	const run = await lab.run(oneNode('actor'), { items });
	expect(run.json()).toEqual([
		{ name: 'a.png', size: 1, field: 'data' },
		{ name: 'data0 of item 1', size: 2, field: 'data0' },
		{ name: 'data0 of item 2', size: 3, field: 'data0' },
	]);
	expect(run.hints()).toEqual([expect.stringContaining('the image in "data0" was used')]);
});

test('an item without an image says what it has instead', async () => {
	const text = fileItem(Buffer.from('x'), {
		json: { act: 'image' },
		field: 'note',
		mimeType: 'text/plain',
	});
	const run = await lab.run(oneNode('actor'), { items: [text] });
	expect(run.error?.message).toBe(
		'Expected an image in binary field "data", found binary fields note, none an image',
	);
});

test("folders obey n8n's file access rules, and relative ones count from the allowed folder", async () => {
	const folder = async (dataFolder: string) =>
		lab.run(oneNode('actor', { dataFolder }), { items: acts('folder') });
	expect((await folder('inspection/sample')).json()).toEqual([
		{ folder: join(lab.files, 'inspection', 'sample') },
	]);
	expect((await folder('..')).error?.message).toContain(`inside ${lab.files}`);
	expect((await folder(`${lab.home}/.n8n`)).error?.message).toContain(`inside ${lab.files}`);
});

test('nodes after ours find the items that theirs come from', async () => {
	const flow = chain([
		source(),
		node('actor', {}, { name: 'First' }),
		node('actor', {}, { name: 'Second' }),
	]);
	const run = await lab.run(flow, { items: acts('two', 'a') });
	expect(run.items('Second').map(({ pairedItem }) => pairedItem)).toEqual([
		{ item: 0 },
		{ item: 1 },
		{ item: 2 },
	]);
});
