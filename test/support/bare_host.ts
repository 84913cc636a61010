/** Stands in for `src/platform.ts`: a host that offers nothing, as a browser. */
export const bareHost = {
  hostZlib: undefined,
  ownBytes: (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes),
  hostThreads: undefined,
  availableParallelism: (): number => 1,
  onThreadExit: (): void => undefined,
  warn: (message: string): void => console.warn(message),
};
