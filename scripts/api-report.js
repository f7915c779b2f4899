// Writes down what users compile against, subpath by subpath, in docs/api-report: the declarations in dist/. A change of
// the public API is a change of these files, and so is seen in review.
//
// usage: node scripts/api-report.js [--check]     with --check: fails where a report differs, and writes nothing
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const readJson = (file) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

const check = process.argv.includes('--check');
const scratch = mkdtempSync(join(tmpdir(), 'sfu-relay-api-'));
const ignored = { logLevel: ExtractorLogLevel.None };

const configOf = (reportFileName, declarations) =>
  ExtractorConfig.prepare({
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: join(ROOT, declarations),
      compiler: {
        overrideTsconfig: { extends: './tsconfig.json', include: ['dist/*.d.ts'], exclude: [] },
      },
      apiReport: {
        enabled: true,
        reportFileName,
        reportFolder: join(ROOT, 'docs/api-report'),
        reportTempFolder: scratch,
        // What is named without being exported; the core's is in the core's own report.
        includeForgottenExports: ['index', 'client', 'testing'].includes(reportFileName),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Error },
          // All that is exported is public; its comments are checked by typedoc.
          'ae-missing-release-tag': ignored,
          'ae-undocumented': ignored,
          'ae-unresolved-link': ignored,
          'ae-misplaced-package-tag': ignored,
        },
        tsdocMessageReporting: { default: ignored },
      },
    },
    configObjectFullPath: join(ROOT, 'api-extractor.json'),
    packageJsonFullPath: join(ROOT, 'package.json'),
  });

const configs = Object.entries(readJson('package.json').exports)
  .filter(([, conditions]) => typeof conditions === 'object')
  .map(([subpath, conditions]) =>
    configOf(subpath === '.' ? 'index' : subpath.slice(2), conditions.import.types),
  );
const [core, ...others] = configs;
const compilerState = CompilerState.create(core, {
  additionalEntryPoints: others.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
});

/** What a subpath may use in a signature without exporting it: what the core exports, and what nobody has to name. */
const known = new Set([
  ...exportsOfCore(),
  ...readJson('typedoc.json').intentionallyNotExported,
  ...['Capability', 'Payload', 'Truthy'],
]);

function exportsOfCore() {
  const checker = compilerState.program.getTypeChecker();
  const source = compilerState.program.getSourceFile(core.mainEntryPointFilePath);
  return checker.getExportsOfModule(checker.getSymbolAtLocation(source)).map(({ name }) => name);
}

const faults = [];
for (const config of configs) {
  const report = relative(ROOT, config.reportFilePath);
  const { apiReportChanged } = Extractor.invoke(config, {
    compilerState,
    localBuild: !check,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel !== ExtractorLogLevel.Error) return;
      const [, forgotten] = /The symbol "(\w+?)(?:_\d+)?" needs to be exported/.exec(message.text) ?? [];
      if (!known.has(forgotten)) faults.push(`${report}: ${message.text}`);
    },
  });
  if (apiReportChanged && check)
    faults.push(`${report}: the public API differs from it; run "npm run api" and look at the difference.`);
}
rmSync(scratch, { recursive: true, force: true });

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
