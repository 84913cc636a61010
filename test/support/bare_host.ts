/** Stands in for `src/platform.ts`: a host that offers nothing, as a browser. */
export const bareHost = {
  hostZlib: undefined,
  hostThreads: undefined,
  availableParallelism: (): number => 1,
  onThreadExit: (): void => undefined,
  warn: (message: string): void => console.warn(message),
};
