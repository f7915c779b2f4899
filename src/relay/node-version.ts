const LEAST_MAJOR = 20;

/** @throws Error on an unsupported Node.js, where the relay would fail later and less clearly */
export function checkNodeVersion(version: string = process.versions.node): void {
  if (Number.parseInt(version, 10) >= LEAST_MAJOR) return;
  throw new Error(
    `sfu-relay needs Node.js ${LEAST_MAJOR} or later, and this is Node.js ${version}: install a newer one (https://nodejs.org).`,
  );
}
