import type { RepositoryEntry } from './repositoryEntry';

/** The page beside an exported model: what it is, how images reach it, how servers load it. */
export function repositoryReadme({
	opened,
	name,
	graph,
	precision,
	check,
	preprocessing,
}: RepositoryEntry): string {
	const { card, version } = opened;
	const rows = (entries: typeof graph.inputs, says: Readonly<Record<string, string>>): string =>
		[...entries]
			.map(([tensor, { shape }]) => `| \`${tensor}\` | ${shape.join(' x ')} | ${says[tensor]} |`)
			.join('\n');
	return `# ${name}

"${opened.name}" version ${version}, exported by n8n-nodes-dinomaly ${card.versions.package} in ${precision}. It speaks float32 on both sides, whatever it computes in.

Preprocessing: ${preprocessing}.

| tensor | shape | meaning |
| --- | --- | --- |
${rows(graph.inputs, { image: 'The image, channels first, preprocessed' })}
${rows(graph.outputs, {
	map: 'Anomaly map, smoothed',
	score: 'Mean of the top 1 % of the map',
	distances: 'What the map is made of, a value for each patch',
	embedding: 'What the image shows as a whole, to tell images that are unlike anything seen in training',
	identity: 'Whose weights these are: 96 bits in four numbers, then 32, 16 or 8 for the precision',
})}

Checked on ${check.images} images (${check.source}): scores differ from the model's by at most ${check.scoreDifference.toExponential(2)}, values of the map by at most ${check.mapDifference.toExponential(2)}. The record is in \`dinomaly/${version}/export.json\`.

## Servers

Mount the folder that this one lies in as the model repository, here \`/models\`.

- Triton: \`tritonserver --model-repository=/models\`
- OpenVINO Model Server: \`ovms --model_name ${name} --model_path /models/${name} --rest_port 8000\`
- KServe: an InferenceService whose \`storageUri\` is this repository, with the Triton runtime and protocol version v2

Thresholds are not in the ONNX file: Score Image of n8n-nodes-dinomaly takes them from the version in its store. \`dinomaly models import\` of this folder adds the model to a store.
`;
}
