/** A collection of disposables, disposed of together in reverse order. */
export interface Disposable {
  dispose(): unknown;
}

export class Disposables implements Disposable {
  private readonly items: Disposable[] = [];

  add<T extends Disposable>(item: T): T {
    this.items.push(item);
    return item;
  }

  dispose(): void {
    for (const item of this.items.splice(0).reverse()) item.dispose();
  }
}
