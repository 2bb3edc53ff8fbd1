/** Theme colours as lines need them. No DOM. */

/**
 * The colour without its transparency: some themes share their chart colours with marks that lie over text, and a line
 * drawn so faintly is not seen. Forms other than #rrggbbaa, #rgba and rgba() are left as they are.
 */
export function opaque(colour: string): string {
  const hex = /^#([0-9a-f]{6})[0-9a-f]{2}$/i.exec(colour) ?? /^#([0-9a-f]{3})[0-9a-f]$/i.exec(colour);
  if (hex) return `#${hex[1]}`;
  const [, red, green, blue] = /^rgba\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/i.exec(colour) ?? [];
  return blue === undefined ? colour : `rgb(${red}, ${green}, ${blue})`;
}
