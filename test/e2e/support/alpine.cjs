// Preloaded (NODE_OPTIONS=--require) into n8n and every process that it starts: this machine as Alpine Linux shows it to ONNX Runtime, which
// was built for glibc. The sentence is that of Alpine's loader.
const dlopen = process.dlopen;
process.dlopen = (module, file, ...flags) => {
	if (/onnxruntime/.test(file)) {
		const error = new Error(
			`Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by ${file})`,
		);
		throw Object.assign(error, { code: 'ERR_DLOPEN_FAILED' });
	}
	return dlopen.call(process, module, file, ...flags);
};

const getReport = process.report.getReport.bind(process.report);
process.report.getReport = (...given) => {
	const report = getReport(...given);
	delete report.header.glibcVersionRuntime;
	return report;
};
