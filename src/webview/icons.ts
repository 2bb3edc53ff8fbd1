/** The few icons that the page needs, drawn on a 16-pixel grid in the surrounding text's colour. */

const shapes = {
  pause: '<path d="M5 3h2v10H5zM9 3h2v10H9z" fill="currentColor"/>',
  play: '<path d="M4 2.5v11l9-5.5z" fill="currentColor"/>',
  stop: '<path d="M4 4h8v8H4z" fill="currentColor"/>',
  dice: '<rect x="2.5" y="2.5" width="11" height="11" rx="2"/><g fill="currentColor" stroke="none"><circle cx="5.5" cy="5.5" r="1.1"/><circle cx="10.5" cy="5.5" r="1.1"/><circle cx="8" cy="8" r="1.1"/><circle cx="5.5" cy="10.5" r="1.1"/><circle cx="10.5" cy="10.5" r="1.1"/></g>',
  copy: '<path d="M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1"/>',
  insert: '<path d="M13.5 3v4.5a2 2 0 0 1-2 2H3M6 6.5l-3 3 3 3"/>',
  keep: '<path d="M4 2.5h8v11l-4-3-4 3z"/>',
  close: '<path d="M4 4l8 8M12 4l-8 8"/>',
  cursor: '<path d="M6 2.5h4M6 13.5h4M8 2.5v11"/>',
  branch: '<path d="M4 2.5v11M4 10c0-4 8-1.5 8-6.5M9.5 5.5l2.5-2 2 2.5"/>',
  pen: '<path d="M3 13l.8-3.2L11 2.6l2.4 2.4-7.2 7.2zM9.5 4.1l2.4 2.4"/>',
} as const;

export type IconName = keyof typeof shapes;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [attribute, value] of Object.entries({
    viewBox: '0 0 16 16',
    width: '16',
    height: '16',
    fill: 'none',
    stroke: 'currentColor',
    'stroke-width': '1.2',
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
    'aria-hidden': 'true',
  })) {
    svg.setAttribute(attribute, value);
  }
  svg.innerHTML = shapes[name];
  return svg;
}
