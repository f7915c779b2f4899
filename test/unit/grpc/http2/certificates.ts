import { readFileSync } from 'node:fs';

const read = (name: string) => readFileSync(new URL(`certificates/${name}`, import.meta.url), 'utf8');
const pair = (name: string) => ({ cert: read(`${name}.pem`), key: read(`${name}.key`) });

/** Of the tests' own authority, valid from 2020 to 2120 (P-256, made with openssl). */
export const certificates = {
  ca: read('ca.pem'),
  /** An authority that has signed none of them. */
  otherCa: read('other-ca.pem'),
  /** For 127.0.0.1, localhost and sfu.example. */
  server: pair('server'),
  /** For sfu.example only. */
  named: pair('named'),
  client: pair('client'),
};
