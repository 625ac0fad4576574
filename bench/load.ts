/** One run of load against one URL, and what it cost the server's process. */
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'

export interface Measured {
  /** Answers with status 200 per second. */
  rate: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** CPU seconds of the server per 1,000 answers; null where /proc does not tell. */
  cpuSecondsPer1000: number | null
  /** The server's largest resident set so far, in MB. */
  peakRssMb: number | null
}

/** CPU seconds that a process has used. */
const cpuSeconds = (pid: number): number | undefined => {
  try {
    // Fields 14 and 15 of proc(5)'s stat, in ticks of 10 ms; the name before them may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}

const peakRssMb = (pid: number): number | null => {
  try {
    const line = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line ? Math.round(Number(line[1]) / 1024) : null
  } catch {
    return null
  }
}

export interface Load {
  url: string
  body: object
  token: string | undefined
  seconds: number
  connections: number
  process: number | undefined
}

const run = (load: Load, seconds: number) =>
  autocannon({
    url: load.url,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(load.token !== undefined && { 'x-vault-token': load.token }) },
    body: JSON.stringify(load.body),
    connections: load.connections,
    duration: seconds,
  })

/** @throws when an answer was anything but 200: a rate of refusals is no rate */
export const drive = async (load: Load): Promise<Measured> => {
  await run(load, 1)
  const before = load.process === undefined ? undefined : cpuSeconds(load.process)
  const result = await run(load, load.seconds)
  const after = load.process === undefined ? undefined : cpuSeconds(load.process)
  const refused = result.non2xx + result.errors
  if (refused > 0)
    throw new Error(`${load.url}: ${refused} of ${result.requests.total} requests were not answered with 200`)
  const answered = result['2xx']
  return {
    rate: answered / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpuSecondsPer1000:
      before === undefined || after === undefined ? null : Number((((after - before) / answered) * 1000).toFixed(4)),
    peakRssMb: load.process === undefined ? null : peakRssMb(load.process),
  }
}
