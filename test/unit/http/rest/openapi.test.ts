import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { wireSchema } from '../../../../src/http/rest/gen/wire-schema.js';
import { openApi } from '../../../../src/http/rest/openapi.js';

test('the document is one of OpenAPI 3.1', async () => {
  const validator = new Validator();
  // The wire's schema is served beside it.
  validator.addSpecRef({ $id: 'wire.schema.json', ...wireSchema }, 'wire.schema.json');
  expect(await validator.validate(structuredClone(openApi) as Record<string, unknown>)).toEqual({
    valid: true,
  });
});
