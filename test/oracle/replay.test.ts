/** Our answers beside the peer's as they were recorded. */
import t from 'tap'
import { startServer } from '../support/server.ts'
import { differences } from './differences.ts'
import { missingEverywhere, pending } from './pending.ts'
import { makePlayer } from './play.ts'
import { callText, readRecorded } from './recorded.ts'
import { scenes } from './scenes.ts'

t.test('there are at least 400 calls', async (t) => {
  t.ok(scenes.flatMap(({ calls }) => calls).length >= 400)
})

t.test('every feature that is waited for is waited for by a call', async (t) => {
  const needed = new Set(scenes.flatMap(({ calls }) => calls).map(({ needs }) => needs))
  for (const feature of pending) t.ok(needed.has(feature), feature)
  for (const { feature } of missingEverywhere) t.ok(pending.includes(feature), `${feature} is still missing`)
})

t.test('answers are those of the peer', async (t) => {
  const { url, rootToken } = await startServer(t)
  for (const scene of scenes) {
    await t.test(scene.name, async (t) => {
      const recorded = readRecorded(scene)
      t.same(
        recorded.map(({ call }) => call),
        scene.calls.map(callText),
        'the recorded calls are the calls',
      )
      const player = makePlayer({ url, rootToken })
      for (const [index, call] of scene.calls.entries()) {
        const theirs = recorded[index]
        if (!theirs) continue
        const found = differences(call, await player.play(call), theirs.reading)
        if (call.needs !== undefined && pending.includes(call.needs)) {
          t.not(found.length, 0, `${callText(call)}: still differs for want of ${call.needs}`)
        } else {
          t.same(found, [], callText(call))
        }
      }
    })
  }
})
