// Speaks to a running n8n as its editor does, and by its public API.

const OWNER = { email: 'owner@example.com', firstName: 'Dinomaly', lastName: 'Demo' };
const POLL_MS = 300;

/** Signs in as the owner of the n8n at `url`; makes that account in a new one. */
export async function openClient(url, password) {
	const client = new N8nClient(url);
	await client.signIn(password);
	return client;
}

class N8nClient {
	#cookie = '';
	#apiKey = '';
	#url;

	constructor(url) {
		this.#url = url;
	}

	get email() {
		return OWNER.email;
	}

	async signIn(password) {
		const { userManagement } = (await this.rest('GET', '/settings')) ?? {};
		if (userManagement?.showSetupOnFirstLoad)
			await this.rest('POST', '/owner/setup', { ...OWNER, password });
		else await this.rest('POST', '/login', { emailOrLdapLoginId: OWNER.email, password });
	}

	/** A key for the public API, which gives executions with their data. */
	async #openApi() {
		if (this.#apiKey !== '') return;
		const scopes = [
			'workflow:list',
			'workflow:read',
			'workflow:activate',
			'workflow:deactivate',
			'execution:list',
			'execution:read',
		];
		const label = `scripts ${Date.now()}`;
		const { rawApiKey } = await this.rest('POST', '/api-keys', { label, expiresAt: null, scopes });
		this.#apiKey = rawApiKey;
	}

	/** One call to the public API. */
	async api(method, path, body) {
		await this.#openApi();
		return this.#fetch(method, `/api/v1${path}`, body, { 'X-N8N-API-KEY': this.#apiKey });
	}

	/** Saves a workflow; one of the same name is replaced. @returns its id */
	async saveWorkflow({ name, nodes, connections, settings = {} }) {
		const workflow = { name, nodes, connections, settings };
		const { data } = await this.api('GET', `/workflows?limit=250`);
		const former = data.find((candidate) => candidate.name === name && !candidate.isArchived);
		if (former === undefined) return (await this.rest('POST', '/workflows', workflow)).id;
		const { versionId } = await this.rest('GET', `/workflows/${former.id}`);
		await this.rest('PATCH', `/workflows/${former.id}`, { ...workflow, versionId });
		return former.id;
	}

	/** Makes the saved version live: its webhooks and schedules work from now on. */
	async publish(id) {
		await this.api('POST', `/workflows/${id}/activate`);
		await untilTrue(`workflow ${id} to be live`, 30_000, async () => {
			const { status } = await this.rest('GET', `/workflows/${id}/publication-status`);
			if (status === 'failed')
				throw new Error(`Expected workflow ${id} to go live, found that a trigger failed`);
			return status === 'published';
		});
	}

	async unpublish(id) {
		await this.api('POST', `/workflows/${id}/deactivate`);
	}

	/** Runs a workflow from one of its triggers, as the editor's button does. @returns the execution's id */
	async runWorkflow(id, triggerName) {
		const body = { triggerToStartFrom: { name: triggerName } };
		const { executionId } = await this.rest('POST', `/workflows/${id}/run`, body);
		return executionId;
	}

	execution(id) {
		return this.api('GET', `/executions/${id}?includeData=true`);
	}

	/** The executions of a workflow, newest first, with their data. */
	async executions(workflowId, limit = 20) {
		return (await this.api('GET', `/executions?workflowId=${workflowId}&limit=${limit}&includeData=true`))
			.data;
	}

	async cancel(executionId) {
		await this.rest('POST', `/executions/${executionId}/stop`);
	}

	/** The execution once it has one of the given states. */
	async untilState(id, states = ['success', 'error', 'canceled', 'crashed'], timeoutMs = 600_000) {
		return untilTrue(`execution ${id} to be ${states.join(' or ')}`, timeoutMs, async () => {
			const { status } = await this.api('GET', `/executions/${id}`);
			return states.includes(status) ? this.execution(id) : undefined;
		});
	}

	/** Our node types as the editor gets them. */
	async nodeTypes() {
		const types = await this.#fetch('GET', '/types/nodes.json', undefined, { cookie: this.#cookie });
		return types.filter(({ name }) => name.startsWith('n8n-nodes-dinomaly.'));
	}

	/** One call to the REST interface that the editor uses. */
	async rest(method, path, body) {
		const answer = await this.#fetch(method, `/rest${path}`, body, { cookie: this.#cookie });
		return answer?.data;
	}

	async #fetch(method, path, body, headers) {
		const response = await fetch(`${this.#url}${path}`, {
			method,
			headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
			body: body === undefined ? undefined : JSON.stringify(body),
		}).catch((error) => {
			throw new Error(
				`Expected n8n at ${this.#url} to answer, found ${error.cause?.message ?? error.message}`,
			);
		});
		const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
		if (cookies.length > 0) this.#cookie = cookies.join('; ');
		const text = await response.text();
		if (!response.ok)
			throw new Error(
				`Expected n8n to accept ${method} ${path}, found ${response.status}: ${text.slice(0, 500)}`,
			);
		return text === '' ? undefined : JSON.parse(text);
	}
}

/** Asks again and again until the answer is there. */
export async function untilTrue(what, timeoutMs, ask) {
	const deadline = Date.now() + timeoutMs;
	while (Date.now() < deadline) {
		const answer = await ask();
		if (answer !== undefined && answer !== false) return answer;
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
	throw new Error(`Expected ${what} within ${timeoutMs / 1000} s, found that it is not`);
}

/** The items that a node gave out in an execution, by output. */
export function outputsOf(execution, nodeName, run = 0) {
	return (execution.data?.resultData?.runData?.[nodeName]?.[run]?.data?.main ?? []).map(
		(items) => items ?? [],
	);
}
