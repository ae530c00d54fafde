import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { OutputAsset, OutputChunk, Plugin } from 'vite';
import { defineConfig } from 'vite';

/// Puts script and style into the page, so that it is one file that fetches nothing.
function inline(): Plugin {
  return {
    name: 'hebb-inline',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const page of Object.values(bundle)) {
        if (page.type !== 'asset' || !page.fileName.endsWith('.html')) continue;
        let html = String(page.source);
        const take = (name: string): string => {
          const key = name.replace(/^\.?\//, '');
          const part = bundle[key] as OutputAsset | OutputChunk;
          delete bundle[key];
          return part.type === 'chunk' ? part.code : String(part.source);
        };
        let script = '';
        html = html.replace(/\s*<script[^>]*\ssrc="([^"]+)"[^>]*><\/script>/g, (_all, name: string) => {
          script += take(name).replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
          return '';
        });
        html = html.replace(/<link rel="stylesheet"[^>]*\shref="([^"]+)"[^>]*>/g, (_all, name: string) => {
          return `<style>${take(name).trim()}</style>`;
        });
        page.source = html.replace('</body>', () => `<script type="module">${script.trim()}</script>\n</body>`);
      }
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [svelte(), inline()],
  build: {
    target: 'es2020',
    modulePreload: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    cssCodeSplit: false,
    rollupOptions: { input: { report: 'report.html' } },
  },
});
