/** No import cycles, type imports included, so that one room can be read without reading them all. */
import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { repositoryRoot } from '../support/shared';

type Graph = Map<string, string[]>;

/** What each source file imports, by paths below the root. Kernels are another language. */
function imports(): Graph {
  const all = fs.readdirSync(path.join(repositoryRoot, 'src'), { recursive: true }) as string[];
  const files = all.filter((name) => name.endsWith('.ts')).map((name) => path.join('src', name));
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const text = fs.readFileSync(path.join(repositoryRoot, file), 'utf8');
      const names = [...text.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)';/gm)].map((match) =>
        path.join(path.dirname(file), match[1]),
      );
      const targets = names.map((name) => [`${name}.ts`, path.join(name, 'index.ts')].find((f) => known.has(f)));
      return [file, targets.filter((target) => target !== undefined)];
    }),
  );
}

/** Import cycles, each as its list of files; the first one found along each path. */
function circlesIn(graph: Graph): string[][] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    if (way.includes(file)) return void circles.push([...way.slice(way.indexOf(file)), file]);
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return circles;
}

describe('Imports', () => {
  it('have no cycles', () => {
    const graph = imports();
    assert.ok(graph.size > 200 && [...graph.values()].flat().length > 800, 'the imports were not found');
    assert.deepEqual(circlesIn(graph), []);
  });

  it('would be caught if they had one', () => {
    const graph: Graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ]);
    assert.deepEqual(circlesIn(graph), [['b', 'd', 'b']]);
  });
});
