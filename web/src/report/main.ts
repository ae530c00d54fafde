import { mount } from 'svelte';
import 'uplot/dist/uPlot.min.css';
import '../lib/style.css';
import { charts } from '../lib/charts';
import App from './App.svelte';
import type { Report } from './data';

/// What is on show, for tests and for the curious: data of the report, and of each chart by its name.
declare global {
  interface Window {
    hebb: { report: Report | null; charts: typeof charts };
  }
}

function embedded(): Report | null {
  const text = document.getElementById('hebb-data')?.textContent ?? '';
  const data: unknown = JSON.parse(text);
  // A page without a run, as the development server shows it, holds only a mark.
  return typeof data === 'object' ? (data as Report) : null;
}

const target = document.getElementById('app');
if (target) {
  const report = embedded();
  window.hebb = { report, charts };
  mount(App, { target, props: { report } });
}
