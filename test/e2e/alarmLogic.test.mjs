import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { alarmsOf, AT_ONCE } from './support/alarms.mjs';
import { sharedN8n } from './support/home.mjs';

let n8n;
before(async () => {
	n8n = await sharedN8n();
});
after(() => n8n?.close());

for (const [name, parameters, expected] of [
	['cool-down', { coolDown: 10 }, 1],
	['three of five', { alarmWhen: 'among', alarmParts: 3, alarmAmong: 5, coolDown: 0 }, 16],
	['three of five and cool-down', { alarmWhen: 'among', alarmParts: 3, alarmAmong: 5, coolDown: 10 }, 1],
]) {
	test(`${AT_ONCE} bad parts at once, ${name}: alarms ${expected}`, async () => {
		const { client, server } = n8n;
		assert.equal(await alarmsOf({ client, url: server.url, name, parameters }), expected);
	});
}
