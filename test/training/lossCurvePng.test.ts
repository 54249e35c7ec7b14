import { openModelStore } from '../../src/store/openModelStore';
import { lossCurvePng } from '../../src/training/lossCurvePng';
import { sampleDraft, temporaryFolder } from '../store/sampleModel';

const store = temporaryFolder();

async function publishWith(model: string, training: Buffer): Promise<void> {
	const draft = sampleDraft();
	await openModelStore(store).publish(model, {
		...draft,
		files: { ...draft.files, 'training.json': { bytes: training } },
	});
}

test('the curve is a PNG, also of losses that were not finite', async () => {
	await publishWith('good', Buffer.from('{"losses":[0.5,null,0.1]}'));
	const { png } = await lossCurvePng({ store, model: 'good' });
	expect([...png.subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
});

test.each([
	['cut', '{"losses":[0.5,'],
	['empty', ''],
	['nothing', 'null'],
	['number', '{"losses":3}'],
	['words', '{"losses":[0.5,"<script>"]}'],
	['none', '{"losses":[]}'],
])('a training file that holds something else is refused in a sentence (%s)', async (model, text) => {
	await publishWith(model, Buffer.from(text));
	await expect(lossCurvePng({ store, model })).rejects.toMatchObject({
		code: 'MODEL_INVALID',
		message: expect.stringMatching(
			/^Expected the losses of the training in .*training\.json, found none$/,
		) as string,
	});
});
