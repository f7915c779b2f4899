import { readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Resolution, type ResolutionContext, resolve } from 'metro-resolver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConsumerProject } from '../support/consumer.js';

let project: ConsumerProject;
let subpaths: string[];

beforeAll(async () => {
  project = await ConsumerProject.create('commonjs', ['zod']);
  const { exports } = JSON.parse(readFileSync(join(project.installed, 'package.json'), 'utf8'));
  subpaths = Object.keys(exports).filter((subpath) => subpath !== '.' && subpath !== './package.json');
});
afterAll(() => project?.remove());

describe('tools that do not read "exports" find every subpath', () => {
  test('TypeScript with moduleResolution node', async () => {
    const files = ['server.ts', 'adapters.ts', 'browser.ts', 'next-route.ts'];
    for (const file of files) await project.addFixture(file);
    const imports = subpaths.map(
      (subpath, index) => `import * as m${index} from 'sfu-relay/${subpath.slice(2)}';`,
    );
    const used = `export const all: object[] = [${subpaths.map((_, index) => `m${index}`)}];`;
    await project.write('all.ts', [...imports, used].join('\n'));
    const options = {
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: ['node'],
      module: 'commonjs',
      moduleResolution: 'node10',
      ignoreDeprecations: '6.0',
      esModuleInterop: true,
      noEmit: true,
      // The types of Koa are at odds with one of their own dependencies.
      skipLibCheck: true,
    };
    expect(await project.compile([...files, 'all.ts'], options)).toBe('');
  });

  test('Metro, by "main"; Parcel 2 by "module", in the same folders', () => {
    expect(subpaths.length).toBeGreaterThan(8);
    for (const subpath of subpaths) {
      const name = subpath.slice(2);
      const found = (mainFields: string[]) => {
        const resolution = resolve(
          metro(project.folder, mainFields),
          `sfu-relay/${name}`,
          'ios',
        ) as Resolution & {
          filePath: string;
        };
        return relative(project.installed, resolution.filePath);
      };
      expect(found(['react-native', 'browser', 'main'])).toBe(`dist/${name}.cjs`);
      expect(found(['module', 'main'])).toBe(`dist/${name}.js`);
    }
  });
});

/** How Metro resolves from a project's root while `unstable_enablePackageExports` is off, as before 0.82. */
function metro(folder: string, mainFields: string[]): ResolutionContext {
  const stat = (path: string) => statSync(path, { throwIfNoEntry: false });
  const getPackage = (path: string) => (stat(path) ? JSON.parse(readFileSync(path, 'utf8')) : null);
  const context: Partial<ResolutionContext> = {
    allowHaste: false,
    assetExts: new Set() as never,
    disableHierarchicalLookup: false,
    doesFileExist: (path) => stat(path)?.isFile() === true,
    fileSystemLookup: (path) => {
      const type = stat(path)?.isFile() ? 'f' : 'd';
      return stat(path) ? { exists: true, type, realPath: path } : { exists: false };
    },
    getPackage,
    getPackageForModule: () => null,
    mainFields,
    nodeModulesPaths: [],
    originModulePath: join(folder, 'page.js'),
    preferNativePlatform: true,
    redirectModulePath: (path) => path,
    sourceExts: ['js', 'cjs'],
    unstable_conditionNames: [],
    unstable_conditionsByPlatform: {},
    unstable_enablePackageExports: false,
    unstable_logWarning: () => {},
  };
  return context as ResolutionContext;
}
