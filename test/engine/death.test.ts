import { describeDeath } from '../../src/engine/death';

const death = { code: null, signal: null, output: '' } as const;

test.each([
	[{ signal: 'SIGKILL' }, 'was killed by SIGKILL, most likely out of memory', /smaller batch size/],
	[{ signal: 'SIGSEGV' }, 'crashed in native code (SIGSEGV)', /doctor/],
	[{ signal: 'SIGILL' }, 'was stopped by SIGILL: this processor lacks an instruction it needs', /doctor/],
	[
		{ signal: 'SIGABRT', output: 'terminate: std::bad_alloc' },
		'ran out of memory (was ended by SIGABRT)',
		/smaller batch size/,
	],
	[{ code: 0xc0000005 }, 'crashed in native code (exit code 3221225477)', /doctor/],
	[{ code: 3 }, 'exited with code 3', /fresh engine/],
	[
		{ code: 1, fatal: { message: 'x is not a function' } },
		'stopped on an unexpected error: x is not a function',
		/fresh engine/,
	],
	[{ startError: new Error('spawn ENOMEM') }, 'could not be started (spawn ENOMEM)', /free memory/],
] as const)('%j', (how, sentence, hint) => {
	const error = describeDeath({ ...death, ...how });
	expect(error.code).toBe('ENGINE_DIED');
	expect(error.message).toBe(`Expected the engine process to finish the job, found that it ${sentence}`);
	expect(error.hint).toMatch(hint);
});

test('the last output is part of the hint', () => {
	expect(describeDeath({ ...death, code: 1, output: 'line 1\nline 2' }).hint).toMatch(
		/Its last output:\nline 1\nline 2$/,
	);
});
