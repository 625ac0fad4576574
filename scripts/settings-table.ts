/** The settings as README shows them. */
import { format, resolveConfig } from 'prettier'
import { flagOf, settings } from '../src/config.ts'

type Name = keyof typeof settings

/** Markdown, laid out as the formatter wants it. */
export const settingsTable = async (): Promise<string> => {
  const rows = (Object.keys(settings) as Name[]).map((name) => {
    const setting: { help: string; fallback?: string } = settings[name]
    const flag = flagOf(name)
    const form = flag ? `\`${flag}\`` : `or \`${name}_FILE\``
    return `| \`${name}\` | ${form} | ${setting.fallback ? `\`${setting.fallback}\`` : ''} | ${setting.help} |`
  })
  const table = ['| setting | flag | default | what it does |', '| --- | --- | --- | --- |', ...rows].join('\n')
  const options = await resolveConfig(new URL('../README.md', import.meta.url))
  return format(table, { ...options, parser: 'markdown' })
}
