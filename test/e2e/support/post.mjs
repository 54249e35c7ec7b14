// Images to webhooks, and what comes back.

/** Posts bytes as a body; fails when nothing comes back in time. @returns status, parsed answer (or its text), milliseconds */
export async function post(url, bytes, { type = 'image/png', timeoutMs = 300_000 } = {}) {
	const began = performance.now();
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': type },
		body: bytes,
		signal: AbortSignal.timeout(timeoutMs),
	});
	const text = await response.text();
	return { status: response.status, body: parsed(text), ms: performance.now() - began };
}

/** Posts bytes as the file field of a form. */
export async function postForm(url, bytes, fileName, field = 'data') {
	const form = new FormData();
	form.append(field, new Blob([bytes], { type: 'image/png' }), fileName);
	const response = await fetch(url, { method: 'POST', body: form });
	return { status: response.status, body: parsed(await response.text()) };
}

/**
 * Asks for n8n's health again and again while `work` runs.
 * @returns the slowest answer and the middle one in milliseconds, and what work gave
 */
export async function healthDuring(serverUrl, work) {
	let isDone = false;
	const answers = [];
	const watch = (async () => {
		while (!isDone) {
			const began = performance.now();
			await (await fetch(`${serverUrl}/healthz`)).text();
			answers.push(performance.now() - began);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	})();
	try {
		return { result: await work(), slowest: () => Math.max(...answers), median: () => middleOf(answers) };
	} finally {
		isDone = true;
		await watch;
	}
}

function middleOf(values) {
	return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function parsed(text) {
	try {
		const value = JSON.parse(text);
		return Array.isArray(value) && value.length === 1 ? value[0] : value;
	} catch {
		return text;
	}
}
