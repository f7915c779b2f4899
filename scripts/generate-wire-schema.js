// Generates src/http/rest/gen/wire-schema.ts, the JSON Schema of the wire, from the types in src/protocol/messages.ts; with
// --check it fails when the two differ.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'src', 'http', 'rest', 'gen', 'wire-schema.ts');

const generator = createGenerator({
  path: join(root, 'src', 'protocol', 'messages.ts'),
  tsconfig: join(root, 'tsconfig.json'),
  jsDoc: 'extended',
  skipTypeCheck: true,
  topRef: false,
});

/** Of the types that messages are made of. */
const definitions = {};

/** The members of an interface whose members are methods. */
function methods(type) {
  const schema = generator.createSchema(type);
  Object.assign(definitions, schema.definitions);
  return Object.entries(schema.properties);
}

const ID = { type: ['string', 'number'] };
const JSONRPC = { const: '2.0' };
const ref = (name) => ({ $ref: `#/$defs/${name}` });
const anyOf = (names, description) => ({ description, anyOf: names.map(ref) });
const object = (properties, required, description) => ({
  ...(description && { description }),
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

function call(method, { description, ...params }, id, isOptional = false) {
  return object(
    { jsonrpc: JSONRPC, ...(id && { id }), method: { const: method }, params },
    ['method', ...(id ? ['id'] : []), ...(isOptional ? [] : ['params'])],
    description,
  );
}

const messages = {};
const groups = { requests: [], results: [], clientNotifications: [], relayNotifications: [] };

function add(group, name, schema) {
  messages[name] = schema;
  groups[group].push(name);
}

for (const [method, { properties, required = [], description }] of methods('ClientRequests')) {
  const { params = { type: 'object' }, result } = properties;
  const request = call(method, params, ID, !required.includes('params'));
  add('requests', `${method}.request`, { ...request, ...(description && { description }) });
  add(
    'results',
    `${method}.result`,
    object({ jsonrpc: JSONRPC, id: ID, result }, ['jsonrpc', 'id', 'result']),
  );
}
for (const [method, params] of methods('ClientNotifications'))
  add('clientNotifications', `${method}.notification`, call(method, params));
for (const [method, params] of methods('RelayNotifications')) {
  const message = call(method, params);
  add('relayNotifications', `relay.${method}`, { ...message, required: ['jsonrpc', ...message.required] });
}

const { definitions: errorDefinitions, $schema: _, ...errorObject } = generator.createSchema('ErrorObject');
Object.assign(definitions, errorDefinitions);
messages.error = object(
  { jsonrpc: JSONRPC, id: { ...ID, type: [...ID.type, 'null'] }, error: errorObject },
  ['jsonrpc', 'id', 'error'],
  'A request that is refused; its id is null where it could not be read, and for a notification.',
);

const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'sfu-relay.v1',
  description:
    'The messages between browser and relay, one a text frame: JSON-RPC 2.0. Members that a receiver does not know are to be ignored.',
  anyOf: [ref('ClientMessage'), ref('RelayMessage')],
  $defs: {
    ClientMessage: anyOf(
      [...groups.requests, ...groups.clientNotifications],
      'What a client sends. It may leave `jsonrpc` out.',
    ),
    RelayMessage: anyOf([...groups.relayNotifications, ...groups.results, 'error'], 'What the relay sends.'),
    ...messages,
    ...definitions,
  },
};

const json = JSON.stringify(schema, null, 2).replaceAll('#/definitions/', '#/$defs/');
const text = `// Generated from src/protocol/messages.ts: npm run generate\n\nexport const wireSchema: Readonly<Record<string, unknown>> = ${json};\n`;

if (process.argv.includes('--check')) {
  let current = '';
  try {
    current = readFileSync(target, 'utf8');
  } catch {}
  if (current !== text) {
    console.error(
      'src/http/rest/gen/wire-schema.ts differs from src/protocol/messages.ts: run "npm run generate".',
    );
    process.exitCode = 1;
  }
} else {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
