// Generates src/sfu/ion/gen from proto/ with ts-proto; with --check it fails when the two differ.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const target = join(root, 'src', 'sfu', 'ion', 'gen', 'rtc.ts');

const options = [
  'env=node',
  // The service itself would import @grpc/grpc-js, which is loaded only when it is used.
  'outputServices=none',
  'esModuleInterop=true',
  'importSuffix=.js',
  'oneof=unions-value',
  'useExactTypes=false',
  'forceLong=number',
  'useOptionals=messages',
  'enumsAsLiterals=true',
  'unrecognizedEnum=false',
  'outputJsonMethods=false',
  'outputPartialMethods=false',
  'exportCommonSymbols=false',
];

function generate(out) {
  mkdirSync(out, { recursive: true });
  execFileSync(
    join(bin, 'protoc'),
    [
      `--plugin=protoc-gen-ts_proto=${join(bin, 'protoc-gen-ts_proto')}`,
      `--ts_proto_out=${out}`,
      `--ts_proto_opt=${options.join(',')}`,
      `--proto_path=${join(root, 'proto')}`,
      'rtc.proto',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return join(out, 'rtc.ts');
}

if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(join(tmpdir(), 'sfu-relay-proto-'));
  try {
    const fresh = readFileSync(generate(scratch), 'utf8');
    if (fresh !== readFileSync(target, 'utf8')) {
      console.error('src/sfu/ion/gen/rtc.ts differs from proto/rtc.proto: run "npm run generate".');
      process.exitCode = 1;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
} else {
  generate(join(target, '..'));
}
