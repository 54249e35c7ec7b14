export { foldConstants, type ComputeConstants } from './fold';
export { gradients } from './gradient';
export { Graph, type Constant, type DataType, type Tensor, type TensorData } from './graph';
export { halveLinears } from './halve';
export { serialise, type SerialiseOptions } from './onnx';
export { quantiseLinears } from './quantise';
export { sizeOf, type Shape } from './shape';
export * from './operators';
