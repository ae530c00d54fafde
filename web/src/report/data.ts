/// The data of a report, as src/report/report.cpp writes them.

export type Numbers = (number | null)[];

export interface Histogram {
  least: number;
  most: number;
  counts: number[];
}

/// Columns of metrics.jsonl; those that do not apply are missing.
export interface Epochs {
  epoch: number[];
  train_loss?: Numbers;
  validation_loss?: Numbers;
  validation_accuracy?: Numbers;
  validation_rmse?: Numbers;
  validation_r2?: Numbers;
  learning_rate?: Numbers;
  seconds?: Numbers;
}

export interface LayerInsight {
  name: string;
  gradient_norm: Numbers;
  update_ratio: Numbers;
  weights: Histogram[];
}

export interface ActivationInsight {
  name: string;
  description: string;
  units: number;
  dead: number[];
  values: Histogram[];
}

export interface Insight {
  samples: number;
  epoch: number[];
  /// Epochs of the histograms.
  shown: number[];
  layers: LayerInsight[];
  activations: ActivationInsight[];
}

export interface ClassFigures {
  name: string;
  precision: number;
  recall: number;
  f1: number;
  support: number;
}

export interface Evaluation {
  samples: number;
  loss: number | null;
  accuracy?: number;
  top_k?: number;
  top_k_accuracy?: number;
  macro_f1?: number;
  classes?: ClassFigures[];
  confusion?: number[][];
  /// [label, predicted, count], where there are too many classes for a matrix.
  mistakes?: [number, number, number][];
  rmse?: number;
  mae?: number;
  r2?: number;
}

export type Part = 'train' | 'validation' | 'test';

export interface Outcome extends Partial<Record<Part, Evaluation>> {
  best_epoch?: number;
  stopped_early?: boolean;
  parameters?: number;
  threads?: number;
}

export interface Picture {
  height: number;
  width: number;
  channels: number;
  pixels: string;
}

export interface WorstSample {
  index: number;
  loss: number | null;
  /// Of classes.
  label?: number;
  predicted?: number;
  /// Of values.
  target?: (number | null)[];
  output?: (number | null)[];
  picture?: Picture;
  values?: number[];
}

export interface Worst {
  part: Part;
  samples: WorstSample[];
  names?: string[];
}

export interface Boundary {
  x: [number, number];
  y: [number, number];
  names: [string, string];
  side: number;
  classes?: string;
  confidences?: string;
  /// Between the regions: points by ten-thousandths of the plane's sides.
  lines?: [number, number][][];
  values?: string;
  range?: [number, number];
  train: [number, number, number][];
  test: [number, number, number][];
}

export interface Filters {
  name: string;
  count: number;
  total: number;
  height: number;
  width: number;
  channels: number;
  most: number;
  values: string;
}

export interface Range {
  name: string;
  categories?: number;
  minimum?: number | null;
  maximum?: number | null;
  mean?: number | null;
  deviation?: number | null;
}

export interface DataView {
  name: string;
  description: string;
  training: number;
  validation: number;
  test: number;
  input_shape: string;
  target: 'classes' | 'values';
  outputs: number;
  counts: number[];
  class_names: string[];
  inputs: Range[];
  targets: Range[];
  held_out: string;
  in_training: number;
  contradictions: number;
}

export interface Run {
  name: string;
  state: 'running' | 'finished' | 'interrupted' | 'diverged' | 'broken';
  reason: string;
  model: string;
  /// Whether the model is one with a rule of its own.
  neuron: boolean;
  command: string;
  config: string;
  epochs_planned: number;
  epochs: Epochs;
  insight: Insight | null;
  outcome: Outcome;
  warnings: { kind: string; text: string }[];
  problems: string[];
  data?: DataView;
  filters?: Filters | null;
  boundary?: Boundary | null;
  worst?: Worst | null;
}

export interface Report {
  hebb: string;
  runs: Run[];
}
