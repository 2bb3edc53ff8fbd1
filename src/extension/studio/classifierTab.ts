/**
 * The host's side of the Classifier tab. Its state is read only for a page that shows it, because that starts the
 * engine.
 */
import type { PageLink } from './pageLink';
import type { ClassifierPort } from './ports';

export class ClassifierTab {
  private shown = false;
  /** Counts the requests for the state: outdated answers are not sent. */
  private asked = 0;
  private readonly subscription: { dispose(): unknown };

  constructor(
    private readonly classifier: ClassifierPort,
    private readonly page: PageLink,
  ) {
    this.subscription = classifier.onDidChange(() => {
      if (this.shown) page.batch(this.refresh);
    });
  }

  dispose(): void {
    this.subscription.dispose();
  }

  /** The page is gone; the next one will ask again. */
  detach(): void {
    this.shown = false;
  }

  async show(): Promise<void> {
    this.shown = true;
    await this.send();
  }

  private readonly refresh = (): void => void this.send();

  private async send(): Promise<void> {
    const asked = ++this.asked;
    const state = await this.classifier.state();
    if (this.shown && asked === this.asked) this.page.post({ type: 'classifier', state });
  }
}
