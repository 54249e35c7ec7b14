// The environment of every n8n process that we start: nothing phones home, nothing is read from the user's own n8n.
import path from 'node:path';
import { withNode } from './places.mjs';

/**
 * @param userFolder N8N_USER_FOLDER: database, settings, our package and the folder that nodes may read all lie below it
 * @param extra variables on top
 */
export function n8nEnvironment({ userFolder, port, brokerPort }, extra = {}) {
	return {
		...withoutN8n(withNode()),
		N8N_USER_FOLDER: userFolder,
		// n8n 2 lets nodes read ~/.n8n-files only; the home folder is not ours to write to.
		N8N_RESTRICT_FILE_ACCESS_TO: filesFolder(userFolder),
		N8N_PORT: String(port),
		N8N_RUNNERS_BROKER_PORT: String(brokerPort),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_HOST: '127.0.0.1',
		N8N_PROTOCOL: 'http',
		N8N_SECURE_COOKIE: 'false',
		N8N_WEBHOOK_URL: `http://127.0.0.1:${port}/`,
		N8N_ENCRYPTION_KEY: 'only-for-the-demonstration',
		N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_DIAGNOSTICS_CONFIG_FRONTEND: '',
		N8N_DIAGNOSTICS_CONFIG_BACKEND: '',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		EXTERNAL_FRONTEND_HOOKS_URLS: '',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
		N8N_LOG_LEVEL: 'info',
		N8N_LOG_OUTPUT: 'console',
		// Parts of n8n that the nodes do not touch; some ask n8n's own servers, all of them slow the start.
		N8N_DISABLED_MODULES:
			'agents,agent-evals,chat-hub,instance-ai,mcp,mcp-registry,insights,promotions,quick-connect,workflow-builder',
		N8N_RUNNERS_TASK_TIMEOUT: '300',
		GENERIC_TIMEZONE: 'UTC',
		NO_COLOR: '1',
		...extra,
	};
}

/** The folder that nodes may read and write; the same name as n8n's own default. */
export function filesFolder(userFolder) {
	return path.join(userFolder, '.n8n-files');
}

/** A setting of the user's own n8n, or a store of their own, must not reach ours. */
function withoutN8n(environment) {
	const ours = /^(N8N_|DB_|QUEUE_|EXECUTIONS_|DINOMALY_STORE|WEBHOOK_URL|NODE_OPTIONS|NODE_ENV)/;
	return Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.test(name)));
}
