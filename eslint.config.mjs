import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import n8nNodesBase from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

// What "n8n-node lint" of @n8n/node-cli 0.48.3 checks, from the two plugins that it uses, without its 700 MB.
const communityNodes = n8nCommunityNodesPlugin.configs.recommendedWithoutN8nCloudSupport;
const nodesBase = n8nNodesBase.configs;

export default tseslint.config(
	{
		ignores: [
			'dist',
			'node_modules',
			'coverage',
			'.n8n-server',
			'gulpfile.js',
			'scripts/**/*.mjs',
			'*.config.*',
			'test/support/*.cjs',
		],
	},
	{
		files: ['**/*.ts'],
		extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
		languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
		rules: {
			'@typescript-eslint/restrict-template-expressions': [
				'error',
				{ allowNumber: true, allowBoolean: true },
			],
			'@typescript-eslint/prefer-for-of': 'off',
			'@typescript-eslint/consistent-type-imports': 'error',
			'@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
			eqeqeq: 'error',
		},
	},
	{
		files: ['test/**/*.ts'],
		rules: {
			'@typescript-eslint/no-non-null-assertion': 'off',
			'@typescript-eslint/no-unsafe-assignment': 'off',
		},
	},
	{ plugins: { 'n8n-nodes-base': n8nNodesBase } },
	{
		files: ['nodes/**/*.ts'],
		extends: [communityNodes],
		rules: {
			...nodesBase.nodes.rules,
			// Off in n8n's own configuration too: they know neither constants for connections nor several outputs.
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
			'n8n-nodes-base/node-param-type-options-max-value-present': 'off',
			'no-console': 'error',
			// A node that waits for its engine has no webhook to register with anybody.
			'@n8n/community-nodes/webhook-lifecycle-complete': 'off',
		},
	},
	{
		files: ['credentials/**/*.ts'],
		extends: [communityNodes],
		rules: {
			...nodesBase.credentials.rules,
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
			'no-console': 'error',
		},
	},
	{
		files: ['package.json'],
		extends: [communityNodes],
		languageOptions: { parser: tseslint.parser, parserOptions: { extraFileExtensions: ['.json'] } },
		rules: {
			...nodesBase.community.rules,
			// The engine is native code, so the package is for self-hosted n8n and has runtime dependencies on purpose.
			'@n8n/community-nodes/no-runtime-dependencies': 'off',
			// The licence is Apache-2.0, like that of the method's reference code.
			'n8n-nodes-base/community-package-json-license-not-default': 'off',
			// A group publishes the package; there is no address that would reach it.
			'@n8n/community-nodes/valid-author': 'off',
		},
	},
);
