/** The engine's version, as the package says it. */
import { version } from '../../package.json';

export const engineVersion: string = version;
