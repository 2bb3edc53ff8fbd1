/** An event compatible with vscode.Event, for modules that are independent of VS Code. */
export class Emitter<T> {
  private readonly listeners = new Set<(value: T) => unknown>();

  readonly event = (listener: (value: T) => unknown): { dispose(): void } => {
    // A new function for each subscription, so that the same listener can subscribe twice.
    const own = (value: T): unknown => listener(value);
    this.listeners.add(own);
    return { dispose: () => void this.listeners.delete(own) };
  };

  fire(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }
}
