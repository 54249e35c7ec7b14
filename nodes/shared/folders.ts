import { lstat, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';
import { failed, type FailureData } from './failure';

/** Folder that n8n 2 allows file access to when N8N_RESTRICT_FILE_ACCESS_TO is not set. */
const DEFAULT_ALLOWED = '~/.n8n-files';

type Environment = Readonly<Record<string, string | undefined>>;

/** n8n marks paths that went through its own resolving; ours has done the same and more. */
type ResolvedPath = Parameters<IExecuteFunctions['helpers']['isFilePathBlocked']>[0];

/** Whether n8n forbids a path, links in it already followed. */
export type PathGuard = (realPath: string) => boolean;

/**
 * The absolute folder that a text parameter names, links followed; it need not exist. A relative path counts from the first folder that
 * n8n allows file access to, so that a workflow runs on another machine as it is. n8n's own rules decide what is allowed (as in
 * Read/Write Files from Disk): throws NodeOperationError naming the allowed folders when the folder, or what a link in it leads to, is
 * outside of them or belongs to n8n itself.
 */
export async function readFolder(
	context: IExecuteFunctions,
	index: number,
	parameterName: string,
): Promise<string> {
	const value = context.getNodeParameter(parameterName, index, '');
	return allowedFolder(context, index, { value, label: parameterName });
}

/** As `readFolder`, for a text that is at hand already; `label` names it in errors, `what` says whether it is a file. */
export async function allowedFolder(
	context: IExecuteFunctions,
	index: number,
	{ value, label, what = 'folder' }: { value: unknown; label: string; what?: 'folder' | 'file' },
): Promise<string> {
	const guard: PathGuard = (path) => context.helpers.isFilePathBlocked(path as ResolvedPath);
	const result = await checkFolder(value, guard);
	if (typeof result === 'string') return result;
	const message = result.message.replace('a folder', `a ${what} in "${label}"`);
	throw failed(context.getNode(), { ...result, message }, index);
}

/** The absolute path that `text` names with links followed, or what is wrong with it. */
export async function checkFolder(
	text: unknown,
	guard: PathGuard,
	environment: Environment = process.env,
): Promise<string | FailureData> {
	if (typeof text !== 'string' || text.trim() === '' || text.includes('\0')) {
		const found = typeof text === 'string' && text.trim() !== '' ? 'text with a zero byte' : 'nothing';
		return {
			message: `Expected a folder, found ${found}`,
			hint: `Give a path such as ${exampleIn(environment)}.`,
		};
	}
	const allowed = allowedFolders(environment);
	const absolute = absolutePath(text.trim(), baseFolder(environment));
	const real = await realPathOf(absolute);
	if (real !== null && !guard(real)) return real;
	return refusal({ text, absolute, real, allowed });
}

/** The folders that n8n allows file access to, absolute; none when it allows all. */
export function allowedFolders(environment: Environment = process.env): string[] {
	return (environment.N8N_RESTRICT_FILE_ACCESS_TO ?? DEFAULT_ALLOWED)
		.trim()
		.replace(/^(['"])(.*)\1$/, '$2')
		.split(';')
		.map((path) => path.trim())
		.filter((path) => path !== '')
		.map((path) => resolve(expandHome(path)));
}

/** What relative paths count from: the first allowed folder, and n8n's default where all folders are allowed. */
export function baseFolder(environment: Environment = process.env): string {
	return allowedFolders(environment).at(0) ?? resolve(expandHome(DEFAULT_ALLOWED));
}

/** Whether `path` is `folder` or inside it; both absolute and without links. */
export function isInside(folder: string, path: string): boolean {
	return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function absolutePath(text: string, base: string): string {
	const expanded = expandHome(text);
	return isAbsolute(expanded) ? resolve(expanded) : resolve(base, expanded);
}

function expandHome(path: string): string {
	return path === '~' || path.startsWith('~/') || path.startsWith('~\\')
		? join(homedir(), path.slice(1))
		: path;
}

/** The real path of the part that exists, and the rest as it is; null for a link that leads nowhere, since it may lead out later. */
async function realPathOf(path: string): Promise<string | null> {
	try {
		return await realpath(path);
	} catch (error) {
		if (!isMissing(error)) return null;
		if (await exists(path)) return null;
		const parent = dirname(path);
		if (parent === path) return path;
		const realParent = await realPathOf(parent);
		return realParent === null ? null : join(realParent, basename(path));
	}
}

async function exists(path: string): Promise<boolean> {
	try {
		await lstat(path);
		return true;
	} catch {
		return false;
	}
}

function isMissing(error: unknown): boolean {
	return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

function refusal(found: {
	text: string;
	absolute: string;
	real: string | null;
	allowed: readonly string[];
}): FailureData {
	const { text, absolute, real, allowed } = found;
	const where = allowed.length === 0 ? "outside of n8n's own files" : `inside ${allowed.join(' or ')}`;
	const named = text.trim() === absolute ? `"${text}"` : `"${text}", which is ${absolute}`;
	const leads =
		real === absolute ? '' : real === null ? ', which cannot be followed' : `, which leads to ${real}`;
	const own = real !== null && (allowed.length === 0 || allowed.some((folder) => isInside(folder, real)));
	return {
		message: `Expected a folder ${where}, found ${named}${leads}${own ? ', which n8n keeps for itself' : ''}`,
		hint: own
			? 'Choose another folder: n8n protects its own files and those that N8N_BLOCK_FILE_PATTERNS names.'
			: 'Move the files into an allowed folder, or add their folder to N8N_RESTRICT_FILE_ACCESS_TO (folders separated by ";") and restart n8n. A relative path counts from the first of these folders.',
	};
}

function exampleIn(environment: Environment): string {
	return `inspection/sample, which is ${join(baseFolder(environment), 'inspection', 'sample')}`;
}
