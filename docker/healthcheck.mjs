// Ends with 0 when the n8n of this container - main process, worker or webhook processor - is ready for work.
const port = process.env.QUEUE_HEALTH_CHECK_PORT ?? process.env.N8N_PORT ?? '5678';
const isReady = await fetch(`http://127.0.0.1:${port}/healthz/readiness`).then(
	({ ok }) => ok,
	() => false,
);
process.exitCode = isReady ? 0 : 1;
