import { defineCommand } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, refuseWords, STORE_FLAG } from './commonFlags';
import { table } from './table';

export const doctorCommand = defineCommand({
	name: 'doctor',
	synopsis: '[options]',
	summary:
		'Check this machine: runtime, devices, memory, disk, encoders, and a small training from end to end',
	examples: ['dinomaly doctor'],
	flags: { ...DEVICE_FLAGS, ...STORE_FLAG, ...OUTPUT_FLAGS },
	run: async ({ values, words }, context) => {
		refuseWords(words);
		const report = await context.engine.doctor(commonRequest(values, context), context.call);
		const failed = report.checks.filter(({ status }) => status === 'fail').length;
		return {
			json: report,
			text: table(
				['check', 'status', 'detail', 'advice'],
				report.checks.map(({ check, status, detail, advice }) => [check, status, detail, advice]),
			),
			failure: failed === 0 ? undefined : `${failed} of ${report.checks.length} checks failed`,
		};
	},
});
