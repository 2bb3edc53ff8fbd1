/** Theme colours made opaque for lines. No DOM. */

/**
 * The colour without its transparency: some themes give their chart colours transparency for marks behind text, which
 * would make a line invisible. Forms other than #rrggbbaa, #rgba and rgba() are left as they are.
 */
export function opaque(colour: string): string {
  const hex = /^#([0-9a-f]{6})[0-9a-f]{2}$/i.exec(colour) ?? /^#([0-9a-f]{3})[0-9a-f]$/i.exec(colour);
  if (hex) return `#${hex[1]}`;
  const [, red, green, blue] = /^rgba\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/i.exec(colour) ?? [];
  return blue === undefined ? colour : `rgb(${red}, ${green}, ${blue})`;
}
