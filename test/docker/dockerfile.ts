import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const DOCKER = join(__dirname, '..', '..', 'docker');

export interface Instruction {
	readonly name: string;
	readonly rest: string;
	/** Name of the stage that it stands in; empty before the first. */
	readonly stage: string;
}

/** The instructions of docker/Dockerfile, continued lines joined, comments left out. */
export function readDockerfile(): Instruction[] {
	const lines = readFileSync(join(DOCKER, 'Dockerfile'), 'utf8')
		.split('\n')
		.filter((line) => !/^\s*(#|$)/.test(line))
		.join('\n')
		.replace(/\\\n\s*/g, '')
		.split('\n');
	let stage = '';
	return lines.map((line) => {
		const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
		if (name === 'FROM') stage = / AS (\S+)$/.exec(rest)?.[1] ?? '';
		return { name, rest, stage };
	});
}

/** Values of ARG with a default. */
export function argumentsOf(instructions: readonly Instruction[]): Record<string, string> {
	const given = instructions.filter(({ name }) => name === 'ARG').map(({ rest }) => rest.split('='));
	return Object.fromEntries(given) as Record<string, string>;
}

export function stagesOf(instructions: readonly Instruction[]): string[] {
	return instructions.filter(({ name }) => name === 'FROM').map(({ stage }) => stage);
}
