// A real SMTP server on this machine that keeps what it gets.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { SMTPServer } = require('smtp-server');
const { simpleParser } = require('mailparser');

/** Listens on a free port. `messages` fills with parsed messages as they arrive. */
export async function openMailbox() {
	const messages = [];
	const server = new SMTPServer({
		authOptional: true,
		disabledCommands: ['STARTTLS'],
		disableReverseLookup: true,
		logger: false,
		onData(stream, session, done) {
			simpleParser(stream).then((message) => {
				messages.push(message);
				done();
			}, done);
		},
	});
	await new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	return {
		messages,
		port: server.server.address().port,
		close: () => new Promise((resolve) => server.close(resolve)),
	};
}

/** The data of an n8n credential of type `smtp` for such a mailbox. */
export function smtpCredential({ port }) {
	return {
		name: 'Test mailbox',
		type: 'smtp',
		data: {
			user: '',
			password: '',
			host: '127.0.0.1',
			port,
			secure: false,
			disableStartTls: true,
			hostName: '',
		},
	};
}
