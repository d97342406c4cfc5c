/**
 * Charts as SVG files that read well on a light page and on a dark one: the colours of lines stand out on both, and the ink
 * follows the reader's colour scheme by a style inside the file.
 */
import type { EChartsOption } from 'echarts';

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly x: { readonly name: string; readonly log?: boolean };
  readonly y: { readonly name: string; readonly log?: boolean; readonly min?: number; readonly max?: number };
  readonly lines: readonly Line[];
  /** A line across, such as a limit. */
  readonly across?: { readonly name: string; readonly y: number };
}

export interface BarChart {
  readonly title: string;
  /** The unit of the bars. */
  readonly x: string;
  readonly categories: readonly string[];
  readonly bars: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** Distinguishable also without colour vision (Okabe and Ito's), each with at least 3:1 contrast on white and on near-black. */
const colours = ['#0077bb', '#d55e00', '#009e73', '#c2569a', '#8a7f00', '#7a6ff0', '#6b7280', '#b3463c'];
const ink = '#1f2328';
const faint = '#d0d7de';
const paper = '#ffffff';

/** Attribute selectors beat presentation attributes, so that what has no support for it stays readable in light colours. */
const darkStyle = `<style>@media (prefers-color-scheme: dark) {
[fill="${ink}"] { fill: #e6edf3 } [stroke="${ink}"] { stroke: #e6edf3 }
[stroke="${faint}"] { stroke: #3d444d } [fill="${paper}"] { fill: #0d1117 } }</style>`;

const shared = (title: string, names: readonly string[]): EChartsOption => ({
  animation: false,
  backgroundColor: paper,
  color: colours,
  textStyle: { fontFamily: 'system-ui, sans-serif', color: ink },
  title: { text: title, left: 16, top: 12, textStyle: { color: ink, fontSize: 16 } },
  legend: { data: [...names], bottom: 8, left: 'center', itemGap: 18, textStyle: { color: ink }, icon: 'roundRect' },
});

const axisColours = {
  axisLabel: { color: ink },
  nameTextStyle: { color: ink },
  axisLine: { lineStyle: { color: ink } },
  splitLine: { lineStyle: { color: faint } },
};

/** 1,000,000 as 1M; the axis of a chart has no room for more. */
const short = (value: number): string => {
  const steps: readonly (readonly [number, string])[] = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  for (const [step, letter] of steps)
    if (Math.abs(value) >= step) return `${Number((value / step).toPrecision(3))}${letter}`;
  return String(Number(value.toPrecision(3)));
};

/** Without a browser nobody knows a text's width; this is a wide system font's, so that names never overlap. */
const measureText = (text: string, font?: string) => {
  const size = Number(/(\d+)px/.exec(font ?? '')?.[1] ?? 12);
  return { width: text.length * size * 0.64 };
};

const render = async (option: EChartsOption, width: number, height: number): Promise<string> => {
  const { init, setPlatformAPI } = await import('echarts').catch((cause: unknown) => {
    throw new Error('charts are drawn by echarts, which is not installed: npm install echarts', { cause });
  });
  setPlatformAPI({ measureText });
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(option);
    return `${chart.renderToSVGString().replace(/(<svg[^>]*>)/, `$1${darkStyle}`)}\n`;
  } finally {
    chart.dispose();
  }
};

/** Lines over a number; either axis may be logarithmic. */
export const drawLines = (chart: LineChart): Promise<string> =>
  render(
    {
      ...shared(
        chart.title,
        chart.lines.map((line) => line.name),
      ),
      grid: { left: 72, right: 32, top: 64, bottom: 40 + 24 * Math.ceil(chart.lines.length / 2) + 16 },
      xAxis: {
        type: chart.x.log === true ? 'log' : 'value',
        name: chart.x.name,
        nameLocation: 'middle',
        nameGap: 28,
        min: 'dataMin',
        max: 'dataMax',
        ...axisColours,
        axisLabel: { color: ink, formatter: short },
      },
      yAxis: {
        type: chart.y.log === true ? 'log' : 'value',
        name: chart.y.name,
        ...(chart.y.min === undefined ? {} : { min: chart.y.min }),
        ...(chart.y.max === undefined ? {} : { max: chart.y.max }),
        ...axisColours,
        nameTextStyle: { color: ink, align: 'left' },
        axisLabel: { color: ink, formatter: short },
      },
      series: chart.lines.map((line, n) => ({
        type: 'line' as const,
        name: line.name,
        data: line.points.map(([x, y]) => [x, y]),
        showSymbol: false,
        lineStyle: { width: 2 },
        ...(n === 0 && chart.across !== undefined
          ? {
              markLine: {
                symbol: 'none',
                silent: true,
                data: [{ yAxis: chart.across.y }],
                lineStyle: { color: ink, type: 'dashed' as const },
                label: { formatter: chart.across.name, color: ink, position: 'insideStartTop' as const },
              },
            }
          : {}),
      })),
    },
    860,
    460,
  );

/** Bars side by side, horizontal, a group per category. */
export const drawBars = (chart: BarChart): Promise<string> =>
  render(
    {
      ...shared(
        chart.title,
        chart.bars.map((bar) => bar.name),
      ),
      grid: { left: 190, right: 72, top: 56, bottom: 72 },
      xAxis: {
        type: 'value',
        name: chart.x,
        nameLocation: 'middle',
        nameGap: 26,
        ...axisColours,
        axisLabel: { color: ink, formatter: short },
      },
      yAxis: { type: 'category', data: [...chart.categories], inverse: true, ...axisColours },
      series: chart.bars.map((bar) => ({
        type: 'bar' as const,
        name: bar.name,
        data: [...bar.values],
        label: {
          show: true,
          position: 'right' as const,
          color: ink,
          formatter: ({ value }: { value: unknown }) => short(Number(value)),
        },
      })),
    },
    860,
    140 + chart.categories.length * (20 + 22 * chart.bars.length),
  );
