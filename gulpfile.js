const { src, dest } = require('gulp');

/** Icons and codex files beside the compiled nodes, where n8n looks for them. */
function assets() {
	return src(['nodes/**/*.{svg,png,json}', 'credentials/**/*.svg'], {
		base: '.',
		allowEmpty: true,
		encoding: false,
	}).pipe(dest('dist'));
}

exports.default = assets;
