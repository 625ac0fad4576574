// Runs before `npm start`, `npm test` and the rest: installs what package-lock.json names when node_modules is missing
// or older. Plain JavaScript, because the Node that runs it may be too old for TypeScript; the Node that runs
// everything else comes with this very install.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const modified = (path) => (existsSync(`${root}${path}`) ? statSync(`${root}${path}`).mtimeMs : 0)

// npm writes this file last, so it is there only after an install that went through.
const installed = modified('node_modules/.package-lock.json')
const wanted = modified('package-lock.json')

if (installed < wanted) {
  console.error('chancery: installing dependencies (npm ci)')
  // On standard error, so that a script's own output stays clean.
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (npm.status !== 0) process.exit(npm.status ?? 1)
}
