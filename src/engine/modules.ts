/* eslint-disable @typescript-eslint/no-require-imports -- each part is loaded by the first job that needs it, so that a part
   whose native library does not load fails that job, with its own diagnosis, and not the whole engine */
import type * as Quantise from '../calibration/quantise';
import type * as Refit from '../calibration/refit';
import type * as ImageHeaders from '../dataset/imageHeaders';
import type * as InspectFolder from '../dataset/inspectFolder';
import type * as Intake from '../dataset/intake';
import type * as Sample from '../dataset/sample';
import type * as Evaluate from '../evaluation/evaluate';
import type * as Measure from '../evaluation/drift/measure';
import type * as Maps from '../evaluation/maps';
import type * as ItemPictures from '../evaluation/itemPictures';
import type * as MakeReport from '../evaluation/report/make';
import type * as Export from '../export/exportModel';
import type * as Score from '../scoring/score';
import type * as LossCurve from '../training/lossCurvePng';
import type * as Train from '../training/train';
import type * as Doctor from './doctor';
import type { JobModules } from './jobModules';

/** The real ones, each loaded at its first use. */
export const lazyModules: JobModules = {
	train: (request, context) => (require('../training/train') as typeof Train).trainModel(request, context),
	score: (request, context) => (require('../scoring/score') as typeof Score).scoreImages(request, context),
	evaluate: (request, context) =>
		(require('../evaluation/evaluate') as typeof Evaluate).evaluateModel(request, context),
	evaluateMaps: (request, context) =>
		(require('../evaluation/maps') as typeof Maps).evaluateMaps(request, context),
	calibrate: (request, context) =>
		(require('../calibration/refit') as typeof Refit).refitCalibration(request, context),
	quantise: (request, context) =>
		(require('../calibration/quantise') as typeof Quantise).quantiseModel(request, context),
	itemPictures: (request, context) =>
		(require('../evaluation/itemPictures') as typeof ItemPictures).drawItemPictures(request, context),
	makeReport: (request, context) =>
		(require('../evaluation/report/make') as typeof MakeReport).makeReport(request, context),
	exportModel: (request, context) =>
		(require('../export/exportModel') as typeof Export).exportModel(request, context),
	drawSample: ({ dir, ...options }, context) =>
		(require('../dataset/sample') as typeof Sample).drawSample(dir, { ...options, ...context }),
	addImage: (request, context) =>
		(require('../dataset/intake') as typeof Intake).addImage(request, context),
	inspectDataset: (request, context) =>
		(require('../dataset/inspectFolder') as typeof InspectFolder).inspectFolder(request, context),
	imageHeaders: (request, context) =>
		(require('../dataset/imageHeaders') as typeof ImageHeaders).readImageHeaders(request, context),
	lossCurve: (request) => (require('../training/lossCurvePng') as typeof LossCurve).lossCurvePng(request),
	measureImages: (request, context) =>
		(require('../evaluation/drift/measure') as typeof Measure).measureImages(request, context),
	doctor: (request, context) =>
		(require('./doctor') as typeof Doctor).runDoctor(request, context, lazyModules),
};
