import { defineCommand } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, refuseWords, STORE_FLAG } from './commonFlags';
import { printable, table } from './table';

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
		const { checks } = report;
		const rows = checks.map(({ check, status, detail }) => [check, status, detail]);
		const advised = checks.filter(({ advice }) => advice !== '');
		return {
			json: report,
			text: [
				table(['check', 'status', 'detail'], rows),
				...advised.map(({ check, advice }) => printable(`${check}: ${advice}`)),
			].join('\n'),
			failure: failed === 0 ? undefined : `${failed} of ${checks.length} checks failed`,
		};
	},
});
