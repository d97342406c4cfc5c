/** Builds the web app into `dist/`, which the server serves. The SDK is taken from source, so the app and the SDK move together. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const rooms = fileURLToPath(new URL('../src', import.meta.url));
const api = process.env.PARLEY_API ?? 'http://127.0.0.1:3000';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: [{ find: /^#(client|protocol|domain)\/(.*)$/, replacement: `${rooms}/$1/$2.ts` }] },
  build: {
    target: 'es2023',
    // The server's policy allows files from itself only: nothing may be inlined as a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: '127.0.0.1', proxy: { '/v1': api } },
});
