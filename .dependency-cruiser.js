/**
 * The rooms of src/, and what each of them may import, type imports included: `npm run check` holds it. The order is from
 * the top down, so an import goes down or stays. CONTRIBUTING.md says what lives where.
 */
const BASICS = ['protocol', 'util'];

const ROOMS = {
  cli: { rooms: ['testing', ...BASICS], packages: ['jose', 'werift', 'ws'] },
  adapters: { rooms: ['http', 'signaling', 'relay', 'access', ...BASICS], packages: ['ws'] },
  http: { rooms: ['signaling', 'relay', 'session', 'access', 'limits', 'telemetry', ...BASICS] },
  'plugins/auth': { rooms: ['access', 'limits', ...BASICS], packages: ['jose'] },
  'plugins/rate-limits': { rooms: ['limits', ...BASICS], packages: ['p-timeout', 'rate-limiter-flexible'] },
  'plugins/redis': { rooms: ['backplane', ...BASICS] },
  'plugins/metrics': {
    rooms: ['relay', 'session', 'access', 'telemetry', ...BASICS],
    packages: ['prom-client'],
  },
  signaling: {
    rooms: ['relay', 'session', 'guard', 'room', 'backplane', 'access', 'limits', 'telemetry', ...BASICS],
  },
  relay: {
    rooms: [
      ...['hooks', 'session', 'guard', 'room', 'messages', 'sfu', 'grpc', 'backplane'],
      ...['access', 'limits', 'telemetry', ...BASICS],
    ],
    packages: ['p-timeout', 'yaml'],
  },
  hooks: { rooms: ['session', 'room', 'messages', 'access', 'telemetry', ...BASICS] },
  session: { rooms: ['guard', 'room', 'messages', 'sfu', 'access', 'telemetry', ...BASICS] },
  guard: { rooms: ['room', 'telemetry', ...BASICS] },
  room: { rooms: ['messages', 'backplane', 'access', ...BASICS] },
  messages: { rooms: ['backplane', 'telemetry', ...BASICS], packages: ['p-timeout'] },
  testing: { rooms: ['sfu', ...BASICS], packages: ['@grpc/grpc-js', 'werift'] },
  sfu: { rooms: ['grpc', 'backplane', ...BASICS], packages: ['@bufbuild/protobuf', 'p-timeout'] },
  grpc: { rooms: BASICS, packages: ['@grpc/grpc-js'] },
  backplane: { rooms: BASICS },
  limits: { rooms: ['telemetry', ...BASICS] },
  access: { rooms: BASICS, packages: ['p-timeout'] },
  telemetry: { rooms: ['protocol'] },
  client: { rooms: BASICS },
  'client/session': {
    rooms: ['client/media', 'client/room', 'client/connection', 'client/common', ...BASICS],
  },
  'client/media': { rooms: ['client/room', 'client/connection', 'client/common', ...BASICS] },
  'client/room': { rooms: ['client/common', ...BASICS] },
  'client/connection': { rooms: ['client/common', ...BASICS] },
  'client/common': { rooms: BASICS },
  util: { rooms: ['protocol'], packages: ['eventemitter3'] },
  protocol: { rooms: [] },
};

/** What the rest of the library may use of a room: what is behind it is the room's own affair. */
const DOORS = [
  {
    room: 'sfu/ion/gen',
    from: '^src/(sfu/ion|testing)/',
    why: 'Messages of protobuf stay in the Ion adapter.',
  },
  {
    room: 'http/rest/gen',
    from: '^src/http/',
    why: 'The JSON Schema of the wire is for the OpenAPI document.',
  },
];

const anyOf = (names) => `(${names.join('|')})`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true },
    },
    {
      name: 'no-circle-of-folders',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src' },
      to: { circular: true },
    },
    {
      name: 'every-file-in-a-room',
      comment: 'Only src/index.ts, the entry point, lies outside the rooms.',
      severity: 'error',
      from: { path: '^src', pathNot: `^src/(index\\.ts$|${anyOf(Object.keys(ROOMS))}/)` },
      to: {},
    },
    {
      name: 'nobody-imports-the-entry',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'wire-and-browser-need-no-node',
      severity: 'error',
      from: { path: '^src/(client|protocol)/' },
      to: { dependencyTypes: ['core'] },
    },
    ...Object.entries(ROOMS).flatMap(([room, { rooms, packages = [] }]) => [
      {
        name: `${room}-imports-downwards`,
        comment: `${room} may import ${rooms.join(', ') || 'no other room'} (.dependency-cruiser.js).`,
        severity: 'error',
        from: { path: `^src/${room}/` },
        to: { path: '^src/', pathNot: `^src/${anyOf([room, ...rooms])}/` },
      },
      {
        name: `${room}-packages`,
        comment: `${room} may import ${packages.join(', ') || 'no package'}; what needs another is a subpath of its own.`,
        severity: 'error',
        from: { path: `^src/${room}/` },
        to: {
          dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'unknown'],
          ...(packages.length > 0 && { pathNot: `node_modules/${anyOf(packages)}/` }),
        },
      },
    ]),
    ...DOORS.map(({ room, from, why }) => ({
      name: `${room.replaceAll('/', '-')}-is-private`,
      comment: why,
      severity: 'error',
      from: { path: '^src', pathNot: from },
      to: { path: `^src/${room}/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
