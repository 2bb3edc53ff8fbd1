// The functions that the engine calls (src/engine/backends/wasm). All state is in the imported memory; the kernels
// allocate nothing.
export { multiply, clear, weightGradient, transpose } from './matrix';
export { lstmForward, lstmBackward, gruForward, gruBackward, rnnForward, rnnBackward, addTo, copy } from './cells';
export { gatherRows, scatterRows, gatherVectors, scatterVectors, copyRows, sumRows, scalarRows, dropout } from './tokens';
export { softmaxLoss, sigmoidLoss } from './loss';
export { sgd, rmsprop, adam, decay, sumOfSquares } from './optimisers';
