/**
 * A cache of what the database holds, as a lease: see `changes.ts` for what makes an entry safe to use.
 *
 * A fill must not outlive an invalidation. A reader may SELECT the old row, lose the processor, and store it after the
 * invalidation has been and gone; the stale entry would then stay for good. So every invalidation raises the
 * generation before it drops anything, and a fill is kept only if the generation is still the one read before its
 * SELECT. Absence is never kept: whoever creates a thing would otherwise have to know who asked for it in vain.
 */
import type { Changes, Topic } from './changes.ts'

/** A tree of keys: the path from the root is the tuple, so no separator can make two tuples one. */
interface Node<V> {
  readonly parent: Node<V> | undefined
  readonly part: string
  readonly children: Map<string, Node<V>>
  value: V | undefined
}

interface Load<V> {
  readonly generation: number
  readonly value: Promise<V | undefined>
}

const newNode = <V>(parent: Node<V> | undefined, part: string): Node<V> => ({
  parent,
  part,
  children: new Map(),
  value: undefined,
})

export class Cache<V> {
  readonly #changes: Pick<Changes, 'fresh'>
  readonly #max: number
  readonly #root: Node<V> = newNode(undefined, '')
  /** Every node with a value, the oldest first. */
  readonly #filled = new Set<Node<V>>()
  /** By the JSON of the key, which is as unambiguous as the tree. */
  readonly #loads = new Map<string, Load<V>>()
  #generation = 0

  /** @param options.max entries; the oldest makes room */
  constructor(changes: Pick<Changes, 'fresh' | 'subscribe' | 'onReset'>, topic: Topic, options: { max: number }) {
    this.#changes = changes
    this.#max = options.max
    changes.subscribe(topic, (key) => this.#invalidate(key))
    changes.onReset(() => this.#invalidate([]))
  }

  /** The entry, if it is there and the lease holds. */
  peek(key: readonly string[]): V | undefined {
    return this.#changes.fresh() ? this.#find(key)?.value : undefined
  }

  /**
   * The entry, or what `load` reads from the database. Gets of one key at one time share a load, unless an
   * invalidation came between. While the lease does not hold, each get loads for itself and nothing is kept.
   */
  async get(key: readonly string[], load: () => Promise<V | undefined>): Promise<V | undefined> {
    if (!this.#changes.fresh()) return load()
    const cached = this.#find(key)?.value
    if (cached !== undefined) return cached
    const name = JSON.stringify(key)
    const running = this.#loads.get(name)
    if (running?.generation === this.#generation) return running.value
    const started: Load<V> = { generation: this.#generation, value: this.#fill(key, this.#generation, load) }
    this.#loads.set(name, started)
    try {
      return await started.value
    } finally {
      if (this.#loads.get(name) === started) this.#loads.delete(name)
    }
  }

  /** Drops every entry, and what is being loaded is not kept. */
  clear(): void {
    this.#invalidate([])
  }

  async #fill(key: readonly string[], generation: number, load: () => Promise<V | undefined>): Promise<V | undefined> {
    const value = await load()
    if (value !== undefined && generation === this.#generation && this.#changes.fresh()) this.#keep(key, value)
    return value
  }

  #find(key: readonly string[]): Node<V> | undefined {
    let node: Node<V> | undefined = this.#root
    for (const part of key) {
      node = node.children.get(part)
      if (!node) return undefined
    }
    return node
  }

  #keep(key: readonly string[], value: V): void {
    let node = this.#root
    for (const part of key) {
      let child = node.children.get(part)
      if (!child) node.children.set(part, (child = newNode(node, part)))
      node = child
    }
    node.value = value
    this.#filled.add(node)
    for (const oldest of this.#filled) {
      if (this.#filled.size <= this.#max) break
      this.#empty(oldest)
      this.#prune(oldest)
    }
  }

  /** Drops the entry of `key` and every longer one that begins with it. */
  #invalidate(key: readonly string[]): void {
    this.#generation++
    const node = this.#find(key)
    if (!node) return
    this.#emptyTree(node)
    node.children.clear()
    this.#prune(node)
  }

  #emptyTree(node: Node<V>): void {
    this.#empty(node)
    for (const child of node.children.values()) this.#emptyTree(child)
  }

  #empty(node: Node<V>): void {
    node.value = undefined
    this.#filled.delete(node)
  }

  /** Cuts off a node that holds nothing, and the parents that then hold nothing. */
  #prune(node: Node<V>): void {
    let at = node
    while (at.parent && at.value === undefined && at.children.size === 0) {
      at.parent.children.delete(at.part)
      at = at.parent
    }
  }
}
