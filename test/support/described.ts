import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { wireSchema } from '../../src/http/rest/gen/wire-schema.js';
import { openApi } from '../../src/http/rest/openapi.js';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
ajv.addVocabulary(['openapi', 'info', 'servers', 'security', 'paths', 'components']);
// Under addresses beside one another, as the API serves them: one refers to the other.
ajv.addSchema(wireSchema as AnySchemaObject, 'http://api/wire.schema.json');
ajv.addSchema({ ...openApi, $id: 'http://api/openapi.json' } as AnySchemaObject, 'http://api/openapi.json');

/** A JSON pointer as a URI fragment (RFC 6901 § 6). */
const pointer = (...tokens: string[]) =>
  tokens.map((token) => `/${encodeURIComponent(token.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');

function expectValid(reference: string, value: unknown, what: string): void {
  const validate = ajv.getSchema(reference);
  if (!validate) throw new Error(`there is no schema ${reference}`);
  const faults = validate(value)
    ? []
    : validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`);
  expect(faults, `${what}: ${JSON.stringify(value).slice(0, 500)}`).toEqual([]);
}

const wire = (name: string) => `http://api/wire.schema.json#${pointer('$defs', name)}`;

/** What the relay sends is in the wire's schema. */
export function expectDescribedMessage(message: unknown): void {
  expectValid(wire('RelayMessage'), message, 'a message of the relay that its schema does not know');
}

/** So is a request that the relay has carried out, and what it resulted in. */
export function expectDescribedResult(request: { method: string }, response: unknown): void {
  expectValid(wire(`${request.method}.request`), request, 'a request that its schema does not know');
  expectValid(wire(`${request.method}.result`), response, 'a result that its schema does not know');
}

interface Answer {
  $ref?: string;
  content?: { 'application/json'?: object };
}
interface Operation {
  requestBody?: object;
  responses: Record<string, Answer>;
}
const paths = openApi.paths as unknown as Record<string, Record<string, Operation>>;
const document = (...tokens: string[]) => `http://api/openapi.json#${pointer(...tokens)}`;
const JSON_SCHEMA = ['content', 'application/json', 'schema'];

/** What the document describes. */
export function describedRequests(): { method: string; path: string }[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, operation]) => operation.responses)
      .map(([method]) => ({ method: method.toUpperCase(), path })),
  );
}

/** What the API answers is in its OpenAPI document, and so is a request that it has carried out. */
export function expectDescribedExchange(
  request: { method: string; path: string; body?: unknown },
  { status, body }: { status: number; body: unknown },
): void {
  const [plain = ''] = request.path.split('?');
  const path = Object.keys(paths).find((each) =>
    new RegExp(`^${each.replace(/\{[^}]+\}/g, '[^/]+')}/?$`).test(plain),
  );
  const method = request.method.toLowerCase();
  const operation = path === undefined ? undefined : paths[path]?.[method];
  const what = `${request.method} ${plain}`;
  if (path === undefined || !operation) {
    // Refused, or the application's.
    expect([404, 405], what).toContain(status);
    return;
  }
  const named = [String(status), `${String(status)[0]}XX`].find((each) => operation.responses[each]);
  if (named === undefined) throw new Error(`${what} is answered with ${status}, which is not described`);
  const { $ref, content } = operation.responses[named] ?? {};
  if ($ref) expectValid(`http://api/openapi.json${$ref}${pointer(...JSON_SCHEMA)}`, body, what);
  else if (content?.['application/json'])
    expectValid(document('paths', path, method, 'responses', named, ...JSON_SCHEMA), body, what);
  if (status < 300 && operation.requestBody)
    expectValid(
      document('paths', path, method, 'requestBody', ...JSON_SCHEMA),
      request.body,
      `the body of ${what}`,
    );
}
