/**
 * The only file that knows which component library draws buttons, fields, checkboxes and tabs. It is
 * @vscode/webview-ui-toolkit, which is archived upstream: replacing it means rewriting this file and nothing else. Drop-downs
 * and sliders are the browser's own, because they are never clipped by a narrow sidebar.
 */
import { formatNumber } from '../common/formats';
import { t } from '../common/l10n';
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeTextArea,
  vsCodeTextField,
  type Button,
  type Checkbox,
  type Panels,
  type TextArea,
  type TextField,
} from '@vscode/webview-ui-toolkit';
import { h, setText, uniqueId } from './dom';
import { icon, type IconName } from './icons';

export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
    vsCodeTextArea(),
    vsCodeTextField(),
  );
}

function create<E extends HTMLElement>(tag: string): E {
  return document.createElement(tag) as E;
}

export interface ButtonControl {
  element: HTMLElement;
  setLabel(label: string): void;
  setEnabled(enabled: boolean): void;
}

/** With `icon`, a small button whose label becomes its tooltip. */
export function button(
  label: string,
  onClick: () => void,
  options: { kind?: 'primary' | 'secondary' | 'icon'; icon?: IconName; hint?: string } = {},
): ButtonControl {
  const { kind = 'secondary', hint } = options;
  const element = create<Button>('vscode-button');
  element.setAttribute('appearance', kind);
  // A bare text node, because the component sizes slotted elements as icons.
  const text = document.createTextNode('');
  if (kind === 'icon') {
    if (options.icon) element.append(icon(options.icon));
  } else {
    if (options.icon) {
      const sign = icon(options.icon);
      sign.setAttribute('slot', 'start');
      element.append(sign);
    }
    element.append(text);
  }
  const setLabel = (name: string): void => {
    if (kind === 'icon') {
      element.setAttribute('aria-label', name);
      element.title = hint ?? name;
    } else {
      if (text.data !== name) text.data = name;
      if (hint) element.title = hint;
    }
  };
  setLabel(label);
  element.addEventListener('click', () => {
    if (!element.disabled) onClick();
  });
  return { element, setLabel, setEnabled: (enabled) => (element.disabled = !enabled) };
}

export interface FieldControl<T> {
  element: HTMLElement;
  set(value: T): void;
}

export function checkbox(label: string, onChange: (checked: boolean) => void): FieldControl<boolean> {
  const element = create<Checkbox>('vscode-checkbox');
  element.append(label);
  let shown = false;
  element.addEventListener('change', () => {
    // The component also fires when it is set programmatically.
    if (element.checked === shown) return;
    shown = element.checked;
    onChange(shown);
  });
  return {
    element,
    set(checked) {
      shown = checked;
      element.checked = checked;
    },
  };
}

/** `label` is the accessible name; the caller draws the visible label. */
export function textArea(label: string, placeholder: string, onInput: (value: string) => void): FieldControl<string> {
  const element = create<TextArea>('vscode-text-area');
  // The component uses its text as its accessible name, and "Text area" when it has none.
  element.append(h('span', { class: 'visually-hidden' }, label));
  element.setAttribute('rows', '2');
  element.setAttribute('resize', 'vertical');
  element.setAttribute('placeholder', placeholder);
  element.addEventListener('input', () => onInput(element.value));
  return { element, set: (value) => (element.value = value) };
}

/** One line of text. */
export function textField(
  label: string,
  placeholder: string,
  onInput: (value: string) => void,
  hint: string,
): FieldControl<string> {
  const element = create<TextField>('vscode-text-field');
  element.append(label);
  element.title = hint;
  element.setAttribute('placeholder', placeholder);
  element.addEventListener('input', () => onInput(element.value));
  return { element, set: (value) => (element.value = value) };
}

/** A number field. `onChange` receives only values within the bounds; anything else is marked as invalid. */
export function numberField(
  label: string,
  limits: { minimum: number; maximum: number; whole: boolean },
  onChange: (value: number) => void,
  hint: string,
): FieldControl<number> {
  const element = create<TextField>('vscode-text-field');
  element.append(label);
  element.title = hint;
  element.setAttribute('inputmode', limits.whole ? 'numeric' : 'decimal');
  element.addEventListener('input', () => {
    const value = Number(element.value.replace(',', '.'));
    const valid =
      element.value.trim() !== '' &&
      value >= limits.minimum &&
      value <= limits.maximum &&
      (!limits.whole || Number.isInteger(value));
    element.classList.toggle('invalid', !valid);
    element.setAttribute('aria-invalid', String(!valid));
    element.title = valid
      ? hint
      : limits.whole
        ? t('From {0} to {1}, whole numbers', formatNumber(limits.minimum), formatNumber(limits.maximum))
        : t('From {0} to {1}', formatNumber(limits.minimum), formatNumber(limits.maximum));
    if (valid) onChange(value);
  });
  return {
    element,
    set(value) {
      if (Number(element.value.replace(',', '.')) === value && element.value !== '') return;
      element.value = formatNumber(value);
      element.classList.remove('invalid');
    },
  };
}

export function slider(
  label: string,
  limits: { minimum: number; maximum: number; step: number },
  format: (value: number) => string,
  onInput: (value: number) => void,
  hint?: string,
): FieldControl<number> & { setMaximum(maximum: number): void } {
  const id = uniqueId('slider');
  const figure = h('output', { for: id, class: 'figure' });
  const input = h('input', { id, type: 'range', min: limits.minimum, max: limits.maximum, step: limits.step });
  const show = (): void => {
    const text = format(Number(input.value));
    setText(figure, text);
    input.setAttribute('aria-valuetext', text);
    const [low, high] = [Number(input.min), Number(input.max)];
    // The filled part of the track, for the style sheet.
    input.style.setProperty('--filled', `${((Number(input.value) - low) / (high - low || 1)) * 100}%`);
  };
  input.addEventListener('input', () => {
    show();
    onInput(Number(input.value));
  });
  const element = h('div', { class: 'slider', title: hint }, h('label', { for: id }, label), figure, input);
  return {
    element,
    set(value) {
      input.value = String(value);
      show();
    },
    setMaximum(maximum) {
      input.max = String(maximum);
      show();
    },
  };
}

export interface Choice<T extends string> {
  value: T;
  label: string;
}

/** A drop-down. With `labelHidden`, `label` is only the accessible name. */
export function choice<T extends string>(
  label: string,
  onChange: (value: T) => void,
  choices: readonly Choice<T>[] = [],
  { labelHidden = false } = {},
): FieldControl<T> & { setChoices(choices: readonly Choice<T>[]): void } {
  const id = uniqueId('choice');
  const select = h('select', { id });
  const name = h('label', { for: id, class: labelHidden ? 'visually-hidden' : undefined }, label);
  const setChoices = (list: readonly Choice<T>[]): void => {
    const old = [...select.options].map((option) => `${option.value}\n${option.text}`).join('\n');
    if (old === list.map((item) => `${item.value}\n${item.label}`).join('\n')) return;
    const { value } = select;
    select.replaceChildren(...list.map((item) => h('option', { value: item.value }, item.label)));
    set(value as T);
  };
  // Titles of runs and models may be longer than the sidebar is wide.
  const showWhole = (): void => {
    if (labelHidden) select.title = select.selectedOptions[0]?.text ?? '';
  };
  select.addEventListener('change', () => {
    showWhole();
    onChange(select.value as T);
  });
  const set = (value: T): void => {
    select.value = value;
    showWhole();
  };
  setChoices(choices);
  const element = h('div', { class: 'choice' }, name, select);
  return { element, setChoices, set };
}

export function tabs<T extends string>(
  label: string,
  pages: readonly { id: T; title: string; content: HTMLElement }[],
  onSelect: (id: T) => void,
): { element: HTMLElement; select(id: T): void } {
  const element = create<Panels>('vscode-panels');
  element.setAttribute('aria-label', label);
  let shown: T = pages[0].id;
  // The page scrolls as a whole, but each tab has its own place.
  const scrolled = new Map<T, number>();
  window.addEventListener('scroll', () => scrolled.set(shown, window.scrollY));
  element.setAttribute('activeid', `tab-${shown}`);
  for (const { id, title } of pages) {
    const tab = create('vscode-panel-tab');
    tab.id = `tab-${id}`;
    tab.append(title);
    element.append(tab);
  }
  for (const { id, content } of pages) {
    const view = create('vscode-panel-view');
    view.id = `view-${id}`;
    view.append(content);
    element.append(view);
  }
  element.addEventListener('change', (event) => {
    if (event.target !== element) return;
    const page = pages.find(({ id }) => `tab-${id}` === element.activeid);
    if (!page || page.id === shown) return;
    const place = scrolled.get(page.id) ?? 0;
    shown = page.id;
    onSelect(shown);
    window.scrollTo(0, place);
  });
  // What sticks to the top of the page below the tabs has to know how tall they are; in a narrow sidebar they wrap.
  const strip = (): HTMLElement | null | undefined => element.shadowRoot?.querySelector('[part="tablist"]');
  new ResizeObserver(() => {
    element.style.setProperty('--tabs-height', `${strip()?.offsetHeight ?? 0}px`);
  }).observe(element);
  return {
    element,
    select(id) {
      shown = id;
      element.activeid = `tab-${id}`;
      window.scrollTo(0, 0);
    },
  };
}
