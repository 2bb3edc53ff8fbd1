/** Files that the build bundles as text. */
declare module '*.py' {
  const text: string;
  export default text;
}
