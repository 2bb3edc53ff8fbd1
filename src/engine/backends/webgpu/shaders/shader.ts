/**
 * A shader before compilation. All shaders work on plain arrays in buffers; dimensions and offsets (in elements) are in
 * one uniform, so that one compiled shader serves every network.
 */
export interface ShaderBuffer {
  name: string;
  access: 'read' | 'write';
  type: 'f32' | 'f16' | 'u32' | 'vec2f';
}

export interface Shader<Field extends string = string> {
  /** The unique key of the compiled shader. */
  name: string;
  /** Members of the uniform `dims`, all u32. */
  fields: readonly Field[];
  buffers: ShaderBuffer[];
  /** WGSL with the entry point `main`. */
  code: string;
}

export const read = (name: string, type: ShaderBuffer['type'] = 'f32'): ShaderBuffer => ({
  name,
  access: 'read',
  type,
});
export const write = (name: string, type: ShaderBuffer['type'] = 'f32'): ShaderBuffer => ({
  name,
  access: 'write',
  type,
});

/** The complete WGSL: declarations, then the code of the shader. */
export function shaderCode({ fields, buffers, code }: Shader): string {
  const half = buffers.some(({ type }) => type === 'f16') ? 'enable f16;\n' : '';
  const members = fields.map((field) => `  ${field}: u32,\n`).join('');
  const bindings = buffers.map(({ name, access, type }, i) => {
    const mode = access === 'read' ? 'read' : 'read_write';
    return `@group(0) @binding(${i + 1}) var<storage, ${mode}> ${name}: array<${type}>;\n`;
  });
  return `${half}struct Dims {\n${members}}\n@group(0) @binding(0) var<uniform> dims: Dims;\n${bindings.join('')}${code}`;
}

/** WGSL text repeated for every i below n. */
export function unroll(n: number, text: (i: number) => string): string {
  return Array.from({ length: n }, (_, i) => text(i)).join('\n');
}
