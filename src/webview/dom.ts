/** Building the page: elements with their attributes, listeners and children in one expression. */

type Child = Node | string | null | undefined | false;
type Properties = {
  class?: string;
  /** Any attribute; `false` and `undefined` leave it out. */
  [attribute: string]: string | number | boolean | undefined | ((event: Event) => void);
};

/** `onclick` and the like take a function and are added as listeners (the policy allows no inline handlers). */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(
    ...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** A region with its own scroll bar, which the keyboard can reach. */
export function scrollable(kind: string, label: string, ...children: HTMLElement[]): HTMLElement {
  return h('div', { class: `scroll ${kind}`.trim(), tabindex: 0, role: 'region', 'aria-label': label }, ...children);
}

/** Shows or hides; hidden elements are also unreachable by keyboard and screen reader. */
export function show(element: HTMLElement, visible: boolean): void {
  element.hidden = !visible;
}

/** Sets text only when it changes, so that screen readers and selections are not disturbed. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Runs `task` at most once every `ms` milliseconds. The first call of a burst is delayed, never dropped. */
export function atMostEvery(ms: number, task: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      task();
    }, ms);
  };
}

/** A table that scrolls sideways if it is too wide. The Tab key reaches it only while it does. */
export function scrolling(table: HTMLTableElement): HTMLElement {
  const element = h('div', { class: 'scroll' }, table);
  const update = (): void => {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute('tabindex');
  };
  const observer = new ResizeObserver(update);
  observer.observe(element);
  observer.observe(table);
  return element;
}

let ids = 0;

/** An id for labels and descriptions, unique on the page. */
export function uniqueId(prefix: string): string {
  return `${prefix}-${++ids}`;
}
