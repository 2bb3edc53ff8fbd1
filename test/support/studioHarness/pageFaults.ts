/**
 * Faults in how a page looks, computed in the page itself: text and marks of low contrast (below 4.5 and 3, as in WCAG
 * 2), elements wider than the page, text that is cut off, or covered by other text or by a line, and places that are empty.
 */

/** Evaluated in a browser, so it must be self-contained. Returns one line for each fault. */
export function pageFaults(): string[] {
  type Colour = [number, number, number, number];
  const faults = new Set<string>();
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const known = new Map<string, Colour>();
  /** Any CSS colour as red, green, blue (0 to 255) and alpha (0 to 1). */
  const parse = (css: string): Colour => {
    let colour = known.get(css);
    if (!colour) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = '#000';
      context.fillStyle = css;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
      colour = [r, g, b, a / 255];
      known.set(css, colour);
    }
    return colour;
  };
  const over = ([r, g, b, a]: Colour, [R, G, B]: Colour): Colour => [
    r * a + R * (1 - a),
    g * a + G * (1 - a),
    b * a + B * (1 - a),
    1,
  ];
  const luminance = (colour: Colour): number => {
    const [r, g, b] = colour.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: Colour, b: Colour): number => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  /** The element around, through the borders of shadow trees and slots. */
  const around = (element: Element): Element | null => {
    if (element.assignedSlot) return element.assignedSlot;
    const root = element.getRootNode();
    return element.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
  };
  const opacityOf = (element: Element | null): number =>
    element ? Number(getComputedStyle(element).opacity) * opacityOf(around(element)) : 1;
  const backgroundOf = (element: Element | null): Colour => {
    if (!element) return parse(getComputedStyle(document.documentElement).backgroundColor);
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] >= 0.99 ? own : over(own, backgroundOf(around(element)));
  };
  const isHidden = (element: Element): boolean => {
    const style = getComputedStyle(element);
    const { width, height } = element.getBoundingClientRect();
    return style.visibility !== 'visible' || width < 2 || height < 2 || style.clipPath !== 'none';
  };
  const isDisabled = (element: Element | null): boolean =>
    element !== null && (element.matches(':disabled, [disabled], .disabled') || isDisabled(around(element)));
  const name = (element: Element): string => {
    const own = (element.getAttribute('class') ?? '').trim().split(/\s+/).filter(Boolean).join('.');
    const text = (element.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 40);
    return `${element.localName}${own && `.${own}`}${text && ` “${text}”`}`;
  };
  /** The words of the element's own text, without what a line may end after. */
  const words = (element: Element): Range[] =>
    [...element.childNodes].flatMap((node) =>
      !(node instanceof Text)
        ? []
        : [...node.data.matchAll(/[\p{L}\p{N}]+/gu)].map(({ 0: word, index }) => {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            return range;
          }),
    );
  /** Where text of this element must begin and end: a drawing cuts off what is outside it, and so does the page. */
  const edgesOf = (element: Element): [number, number] => {
    const drawing = element instanceof SVGElement ? element.ownerSVGElement?.getBoundingClientRect() : undefined;
    return drawing ? [drawing.left, drawing.right] : [0, document.documentElement.clientWidth];
  };
  const check = (element: Element, colour: string, least: number, what: string): void => {
    const background = backgroundOf(element);
    const [r, g, b, a] = parse(colour);
    const seen = over([r, g, b, a * opacityOf(element)], background);
    const ratio = contrast(seen, background);
    if (ratio < least) faults.add(`${what} ${name(element)}: contrast ${ratio.toFixed(1)}`);
  };

  const visit = (element: Element): void => {
    const style = getComputedStyle(element);
    if (style.display === 'none') return;
    if (element.matches('.visually-hidden, script, style, option, title')) return;
    const text = [...element.childNodes].some((node) => node instanceof Text && node.data.trim() !== '');
    const hidden = isHidden(element);
    if (text && !hidden && !isDisabled(element)) {
      const large =
        parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && +style.fontWeight >= 700);
      const colour = element instanceof SVGElement ? style.fill : style.color;
      check(element, colour, large ? 3 : 4.5, 'text');
    }
    if (!hidden && element.matches('.swatch:not(.band, .ring), .probability > div, .bar i, .track i')) {
      check(element.parentElement!, style.backgroundColor, 3, `mark ${name(element)} in`);
    }
    // Curves; grid lines are thinner.
    if (element.matches('.plot path[stroke-width]') && element.getAttribute('fill') === 'none') {
      check(element.closest('.plot')!, style.stroke, 3, 'curve in');
    }
    if (!hidden && element.matches('button svg, vscode-button svg')) check(element, style.color, 3, 'sign');
    const box = element.getBoundingClientRect();
    const scrolls = (around: Element | null): boolean =>
      around !== null && (around.matches('.scroll') || scrolls(around.parentElement));
    if (!hidden && box.right > document.documentElement.clientWidth + 1 && !scrolls(element)) {
      faults.add(`wider than the page: ${name(element)}`);
    }
    if (text && !hidden && style.textOverflow !== 'ellipsis' && !element.matches('.writing *, .scroll *')) {
      for (const word of words(element)) {
        const lines = [...word.getClientRects()];
        if (lines.some(({ top }) => top > lines[0].bottom - 1)) faults.add(`broken word: ${name(element)}, “${word}”`);
        const [left, right] = edgesOf(element);
        if (lines.some((line) => line.left < left - 1 || line.right > right + 1))
          faults.add(`beyond the edge: ${name(element)}`);
      }
    }
    const scroller = element.matches('caption') ? element.closest('.scroll') : null;
    if (scroller && !hidden && box.right > scroller.getBoundingClientRect().right + 1)
      faults.add(`cut off: ${name(element)}`);
    const clips = style.overflowX !== 'visible' || style.overflowY === 'hidden';
    if (
      element instanceof HTMLElement &&
      clips &&
      !hidden &&
      !element.matches('.scroll, html, body, input, textarea')
    ) {
      const cut = element.scrollWidth > element.clientWidth + 1;
      // A text that ends in an ellipsis is complete in its tooltip.
      if (cut && !(style.textOverflow === 'ellipsis' && element.closest('[title]'))) {
        faults.add(`cut off: ${name(element)}, ${element.scrollWidth} px in ${element.clientWidth}`);
      }
    }
    if (!hidden && (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)) {
      const { placeholder, value } = element;
      if (placeholder !== '' && value === '') {
        // Only a value has a size that can be read.
        element.value = placeholder;
        const [wide, high] = [element.scrollWidth - element.clientWidth, element.scrollHeight - element.clientHeight];
        element.value = '';
        if (wide > 1 || high > 1) faults.add(`cut off: placeholder “${placeholder}”`);
      }
    }
    if (!hidden && element instanceof HTMLSelectElement && !element.closest('[title]')) {
      // The width that its options would like, which cannot be read in place.
      const free = element.cloneNode() as HTMLSelectElement;
      free.style.cssText = 'position: absolute; width: auto; min-width: 0; max-width: none';
      free.append(new Option(element.selectedOptions[0]?.text));
      element.after(free);
      const wanted = free.offsetWidth;
      free.remove();
      if (wanted > element.offsetWidth + 1)
        faults.add(`cut off: select “${element.selectedOptions[0]?.text}”, ${wanted} px in ${element.offsetWidth}`);
    }
    if (element instanceof SVGSVGElement) {
      const texts = [...element.querySelectorAll('text')].filter((each) => !isHidden(each));
      const boxes = texts.map((each) => each.getBoundingClientRect());
      boxes.forEach((a, i) =>
        boxes.slice(i + 1).forEach((b, j) => {
          const [wide, high] = [
            Math.min(a.right, b.right) - Math.max(a.left, b.left),
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
          ];
          // The box of a line is a little higher than its letters.
          if (wide > 1 && high > a.height / 4) faults.add(`overlapping: ${name(texts[i])}, ${name(texts[i + 1 + j])}`);
        }),
      );
      // Curves and baselines; grid lines are lighter than the text.
      const lines = 'path[stroke-width][fill="none"], path[stroke-dasharray]';
      for (const curve of element.querySelectorAll<SVGPathElement>(lines)) {
        const toScreen = curve.getScreenCTM()!;
        for (let at = 0, length = curve.getTotalLength(); at < length; at += 2) {
          const { x, y } = curve.getPointAtLength(at).matrixTransform(toScreen);
          boxes.forEach((box, i) => {
            const inside = x > box.left && x < box.right && y > box.top + 2 && y < box.bottom - 2;
            if (inside) faults.add(`struck out by a line: ${name(texts[i])}`);
          });
        }
      }
    }
    if (element.matches('dd, dt, th, h2, summary, output, legend, .legend span, .sentence, .copies') && !hidden) {
      if ((element.textContent ?? '').trim() === '')
        faults.add(`empty: ${name(element)} in ${name(element.parentElement!)}`);
    }
    if (element.matches('.plot:not([hidden])') && !element.querySelector('path')) faults.add('empty: a chart');
    for (const child of [...(element.shadowRoot?.children ?? []), ...element.children]) visit(child);
  };
  visit(document.body);
  return [...faults];
}
