import { createHash } from 'node:crypto'
import { cpSync, createReadStream, existsSync, statSync } from 'node:fs'
import { dirname, extname, join, normalize, resolve } from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { VantResolver } from '@vant/auto-import-resolver'
import components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const here = dirname(fileURLToPath(import.meta.url))
const pdfjs = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'))

/**
 * Ships what pdf.js loads at run time: character maps and fonts (a Chinese contract without embedded fonts is blank
 * without them) and the image decoders. All come from our own origin, under /pdfjs/.
 */
function pdfjsAssets(): Plugin {
  const folders = ['cmaps', 'standard_fonts', 'wasm']
  let outDir = 'dist'
  return {
    name: 'sealflow-pdfjs-assets',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir)
    },
    configureServer(server) {
      server.middlewares.use('/pdfjs', (request, response, next) => {
        const path = normalize(join(pdfjs, (request.url ?? '').split('?')[0] ?? ''))
        const known = folders.some((folder) => path.startsWith(join(pdfjs, folder)))
        if (!known || !existsSync(path) || !statSync(path).isFile()) return next()
        response.setHeader('content-type', extname(path) === '.js' ? 'text/javascript' : 'application/octet-stream')
        createReadStream(path).pipe(response)
      })
    },
    writeBundle() {
      for (const folder of folders) {
        // Our content security policy forbids WebAssembly; pdf.js falls back to JavaScript.
        const filter = (source: string) => extname(source) !== '.wasm'
        cpSync(join(pdfjs, folder), join(outDir, 'pdfjs', folder), { recursive: true, filter })
      }
    },
  }
}

/**
 * Vant's icon font comes as a data URL with a CDN behind it. Both are against our content security policy: the font is
 * written to a file of our own.
 */
function vantIconFont(): Plugin {
  let building = false
  return {
    name: 'sealflow-vant-icon-font',
    enforce: 'pre',
    configResolved(config) {
      building = config.command === 'build'
    },
    transform(css, id) {
      if (!/vant\/(es|lib)\/icon\/index\.css/.test(id)) return null
      const font = /src:\s*url\((data:font\/woff2[^)]*)\)[^;}]*/.exec(css)
      const data = font?.[1]?.split('base64,')[1]
      if (!font || !data) throw new Error('the icon font is not where it was in Vant: look at vant/es/icon/index.css')
      if (!building) return css.replace(font[0], `src:url(${font[1]}) format("woff2")`)
      const source = Buffer.from(data, 'base64')
      const fileName = `assets/vant-icon-${createHash('sha256').update(source).digest('hex').slice(0, 8)}.woff2`
      this.emitFile({ type: 'asset', fileName, source })
      return css.replace(font[0], `src:url(/${fileName}) format("woff2")`)
    },
  }
}

export default defineConfig({
  base: '/',
  resolve: { alias: { '@': join(here, 'src') } },
  plugins: [
    vue(),
    components({
      dirs: [],
      dts: 'src/components.d.ts',
      resolvers: [ElementPlusResolver({ importStyle: 'css' }), VantResolver()],
    }),
    vantIconFont(),
    pdfjsAssets(),
  ],
  server: {
    host: '127.0.0.1',
    port: 5173,
    // The host stays as the browser sent it: the server compares it with the origin.
    proxy: { '/api': { target: process.env.SEALFLOW_SERVER ?? 'http://127.0.0.1:8080' } },
  },
  build: { target: 'es2022', sourcemap: false, chunkSizeWarningLimit: 700 },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    restoreMocks: true,
    server: { deps: { inline: ['element-plus', 'vant'] } },
  },
})
