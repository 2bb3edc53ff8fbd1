/** The wall: its columns side by side where there is room, one below the other in a narrow sidebar. */
import type { WallColumn } from '../../common/wall';
import { h } from '../dom';
import { ColumnView, type ColumnActions } from './columnView';

export class WallView {
  readonly element = h('div', { class: 'wall' });
  private readonly views = new Map<number, ColumnView>();

  constructor(private readonly actions: ColumnActions) {}

  /** `answers`: whether the model can say what else it considered. */
  draw(columns: readonly { column: WallColumn; prompt: string }[], tint: boolean, answers: boolean): void {
    const present = new Set(columns.map(({ column }) => column.id));
    for (const [id, view] of this.views) {
      if (present.has(id)) continue;
      view.dispose();
      this.views.delete(id);
    }
    columns.forEach(({ column, prompt }, i) => {
      let view = this.views.get(column.id);
      if (!view) {
        view = new ColumnView(this.actions);
        this.views.set(column.id, view);
      }
      const at = this.element.children[i];
      if (at !== view.element) this.element.insertBefore(view.element, at ?? null);
      view.draw(column, prompt, tint, answers);
    });
  }
}
