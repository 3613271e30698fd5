// What a destination will do with a stream: for the commands and the tests. Imports its own folder.

export { predict, type PredictOptions } from './predict.js';
export type { EndingExplanation, PredictedVerdict, Prediction } from './prediction.js';
