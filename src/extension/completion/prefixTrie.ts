/**
 * A compressed trie from texts to values that answers "which entries are a prefix of this text?" in one walk, and drops
 * the least recently used entry when it is full. Prefixes of one document share almost all of their length, so 250 of
 * them cost hardly more than the longest.
 */
interface Node<V> {
  /** The text of the edge to this node. */
  label: string;
  /** By the first character of the label of the child. */
  children: Map<string, Node<V>>;
  entry?: { value: V };
}

export class PrefixTrie<V> {
  private readonly root: Node<V> = { label: '', children: new Map() };
  /** Keys from least to most recently used. */
  private readonly recency = new Set<string>();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.recency.size;
  }

  set(key: string, value: V): void {
    this.touch(key);
    let node = this.root;
    let rest = key;
    while (rest.length > 0) {
      const child = node.children.get(rest[0]);
      if (!child) {
        const leaf: Node<V> = { label: rest, children: new Map() };
        node.children.set(rest[0], leaf);
        node = leaf;
        break;
      }
      const shared = sharedLength(child.label, rest);
      node = shared === child.label.length ? child : splitEdge(node, child, shared);
      rest = rest.slice(shared);
    }
    node.entry = { value };
    for (const oldest of this.recency) {
      if (this.recency.size <= this.capacity) break;
      this.delete(oldest);
    }
  }

  /** The entries whose key is a prefix of `text`, longest key first. */
  prefixesOf(text: string): { key: string; value: V }[] {
    const found: { key: string; value: V }[] = [];
    let node: Node<V> | undefined = this.root;
    let length = 0;
    while (node) {
      if (node.entry) found.unshift({ key: text.slice(0, length), value: node.entry.value });
      const child: Node<V> | undefined = node.children.get(text[length]);
      if (!child || !text.startsWith(child.label, length)) break;
      length += child.label.length;
      node = child;
    }
    if (found.length > 0) this.touch(found[0].key);
    return found;
  }

  clear(): void {
    this.recency.clear();
    this.root.children.clear();
    delete this.root.entry;
  }

  private touch(key: string): void {
    this.recency.delete(key);
    this.recency.add(key);
  }

  private delete(key: string): void {
    this.recency.delete(key);
    const path: Node<V>[] = [this.root];
    for (let length = 0; length < key.length;) {
      const child = path[path.length - 1].children.get(key[length]);
      if (!child) return;
      length += child.label.length;
      path.push(child);
    }
    delete path[path.length - 1].entry;
    // Removes only dead ends; an edge left without a branch is harmless.
    for (let i = path.length - 1; i > 0; i--) {
      if (path[i].entry || path[i].children.size > 0) break;
      path[i - 1].children.delete(path[i].label[0]);
    }
  }
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** Inserts a node after the first `length` characters of the edge to the child, and returns it. */
function splitEdge<V>(parent: Node<V>, child: Node<V>, length: number): Node<V> {
  const middle: Node<V> = { label: child.label.slice(0, length), children: new Map() };
  child.label = child.label.slice(length);
  middle.children.set(child.label[0], child);
  parent.children.set(middle.label[0], middle);
  return middle;
}
