/// Charts by uPlot: what is drawn, in the colours of the page, and a list of those on show.
import uPlot from 'uplot';

export type Values = (number | null)[];

export interface Line {
  label: string;
  values: Values;
  color: string;
  /// Of the same thing as the line before it: thinner and paler, as raw values under a smoothed line.
  faint?: boolean;
  dash?: number[];
}

/// Charts on show, by name.
export const charts = new Map<string, uPlot>();

const kDays = ['#2f6fd0', '#d9622b', '#2c8c4b', '#8a4fc0', '#c23b6b', '#1f8a8f', '#8a7411', '#6b7280'];
const kNights = ['#7aa9f7', '#f29a6b', '#6cc98a', '#c39af0', '#f08bb0', '#65c7cb', '#d6bf5c', '#a7adb8'];

export function isDark(): boolean {
  return window.matchMedia('(prefers-color-scheme: dark)').matches;
}

/// The colour of the i-th of several things side by side.
export function colorOf(i: number): string {
  const colors = isDark() ? kNights : kDays;
  return colors[i % colors.length] as string;
}

/// The colour of a layer: from blue at the input to red at the output.
export function colorOfLayer(i: number, count: number): string {
  if (count <= 8) return colorOf(i);
  const hue = 225 - (225 * i) / (count - 1);
  return `hsl(${hue} ${isDark() ? '75% 68%' : '70% 42%'})`;
}

export function style(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/// An exponential moving average without the bias of its start (Kingma & Ba 2015, section 3).
export function smoothed(values: Values, decay: number): Values {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = decay * sum + (1 - decay) * value;
    weight = decay * weight + (1 - decay);
    return sum / weight;
  });
}

/// At most five significant digits, without trailing zeros.
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2).replace(/\.?0+e/, 'e').replace('e+', 'e');
  return String(Number(value.toPrecision(5)));
}

export interface Frame {
  title: string;
  x: string;
  width: number;
  height: number;
  log: boolean;
  /// For counts: the axis begins at zero and ends at one or more.
  counts?: boolean;
}

/// The steps between labels of an axis of whole numbers.
const kWholeSteps = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((digit) => digit * 10 ** i)).flat();

function scaleOf(frame: Frame): uPlot.Scale {
  if (frame.log) return { distr: 3 };
  return frame.counts ? { range: (_, __, most) => [0, Math.max(1, 1.05 * (most ?? 0))] } : {};
}

/// On a logarithmic axis there is no place for 0 and less.
function fitting(values: Values, log: boolean): Values {
  return log ? values.map((value) => (value !== null && value > 0 ? value : null)) : values;
}

function axes(x: string, whole = x === 'epoch'): uPlot.Axis[] {
  const common = {
    stroke: style('--pale'),
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    grid: { stroke: style('--line'), width: 1 },
    ticks: { stroke: style('--line'), width: 1, size: 5 },
  };
  return [
    { ...common, label: x, labelSize: 18, size: 34, ...(whole ? { incrs: kWholeSteps } : {}) },
    { ...common, size: 62, values: (_, ticks) => ticks.map((t) => (t === null ? '' : short(t))) },
  ];
}

export function lineOptions(frame: Frame, lines: Line[]): uPlot.Options {
  return {
    width: frame.width,
    height: frame.height,
    cursor: { drag: { x: true, y: true, uni: 20 }, points: { size: 6 } },
    scales: { x: { time: false }, y: scaleOf(frame) },
    axes: axes(frame.x),
    legend: { show: true },
    series: [
      { label: frame.x, value: (_, v) => (v === null ? '–' : String(v)) },
      ...lines.map((line) => ({
        label: line.label,
        stroke: line.faint ? line.color + (line.color.startsWith('#') ? '66' : '') : line.color,
        width: line.faint ? 1 : 1.8,
        dash: line.dash,
        value: (_: uPlot, v: number | null) => short(v),
        points: { show: lines[0] !== undefined && lines[0].values.length < 30, size: 5 },
      })),
    ],
  };
}

export function lineData(x: number[], lines: Line[], log: boolean): uPlot.AlignedData {
  return [x, ...lines.map((line) => fitting(line.values, log))];
}

/// A frame with two numeric axes in which `paint` draws.
export function planeOptions(
  frame: Frame & { xRange: [number, number]; yRange: [number, number]; y?: string },
  paint: (u: uPlot) => void,
): uPlot.Options {
  const [x, y] = axes(frame.x) as [uPlot.Axis, uPlot.Axis];
  const none = { stroke: 'transparent', width: 0 };
  return {
    width: frame.width,
    height: frame.height,
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: false, range: frame.xRange }, y: { range: frame.yRange } },
    axes: [
      { ...x, grid: none },
      { ...y, grid: none, label: frame.y, labelSize: 18 },
    ],
    series: [{}, { stroke: 'transparent', points: { show: false } }],
    hooks: { draw: [paint] },
  };
}
