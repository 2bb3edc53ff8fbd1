/** The engine's version, which is the package's. */
import { version } from '../../package.json';

export const engineVersion: string = version;
