import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { IConnections, INode } from 'n8n-workflow';

export interface Template {
	readonly file: string;
	readonly text: string;
	readonly id: string;
	readonly name: string;
	readonly nodes: readonly INode[];
	readonly connections: IConnections;
	readonly settings: { readonly executionOrder?: string };
}

export const OURS = 'n8n-nodes-dinomaly.';
export const STICKY = 'n8n-nodes-base.stickyNote';

const FOLDER = path.resolve(__dirname, '..', '..', 'workflows');

/** All templates of the package, by file name. */
export function readTemplates(): Template[] {
	return readdirSync(FOLDER)
		.filter((file) => file.endsWith('.json'))
		.sort()
		.map((file) => {
			const text = readFileSync(path.join(FOLDER, file), 'utf8');
			return { file, text, ...(JSON.parse(text) as Omit<Template, 'file' | 'text'>) };
		});
}

export interface Box {
	readonly name: string;
	readonly left: number;
	readonly top: number;
	readonly right: number;
	readonly bottom: number;
}

/** A node on the canvas is a square of this side, with its name below. */
const NODE_SIDE = 96;
const NAME_HEIGHT = 40;

export function boxOf({ name, type, position: [left, top], parameters }: INode): Box {
	if (type !== STICKY)
		return { name, left, top, right: left + NODE_SIDE, bottom: top + NODE_SIDE + NAME_HEIGHT };
	return {
		name,
		left,
		top,
		right: left + Number(parameters.width),
		bottom: top + Number(parameters.height),
	};
}

export function overlap(a: Box, b: Box): boolean {
	return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
