// The real program as a child process, with a data folder and a port of its own.

import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { until } from './until.mjs'

/** A port of 127.0.0.1 that nobody listens on. */
async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * Starts the whole platform with sandbox vendors, all on free ports, and waits until it answers.
 * @param {string} executable
 * @param {string} logFile where its output goes
 */
export async function start(executable, logFile) {
  const data = await mkdtemp(join(tmpdir(), 'sealflow-browser-'))
  const app = `http://127.0.0.1:${await freePort()}`
  const env = {
    ...process.env,
    DATABASE_URL: '',
    SEALFLOW_LISTEN: new URL(app).host,
    SEALFLOW_PUBLIC_URL: app,
    // One person asks for many codes here, in a short time.
    SEALFLOW_AUTH__CODES_PER_MINUTE: '100',
    SEALFLOW_AUTH__CODES_PER_HOUR: '100',
    SEALFLOW_AUTH__CODES_PER_DAY: '100',
  }
  const command = ['all', '--sandbox', '--free-ports', '--demo-data', '--data', data]
  const child = spawn(executable, command, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(logFile)
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  const ended = new Promise((resolve) => child.once('exit', resolve))

  async function stop() {
    child.kill('SIGTERM')
    const code = await ended
    await rm(data, { recursive: true, force: true })
    return code
  }

  try {
    await until('the program answers', 60_000, async () => {
      if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}; see ${logFile}`)
      const answer = await fetch(`${app}/readyz`).catch(() => undefined)
      return answer?.ok
    })
    const environment = await (await fetch(`${app}/api/environment`)).json()
    return { app, sandbox: environment.sandbox_url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
