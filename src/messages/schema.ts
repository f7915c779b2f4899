import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import { andThen } from '../util/is-promise.js';

/**
 * A schema of any library that implements Standard Schema v1 (https://standardschema.dev): zod, Valibot, ArkType and
 * others. `validate` may be async.
 * @category Messages
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** @category Messages */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** @category Messages */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * The output type of a schema.
 * @category Messages
 */
export type SchemaOutput<Schema> = Schema extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : unknown;

/** Maximum length of a schema's complaint in an error message, in UTF-16 code units. */
const MAX_ISSUE_LENGTH = 200;

/**
 * The output of the schema; a promise only where the schema returns one.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, at once or by the promise
 */
export function validate(kind: string, schema: StandardSchema, data: unknown): unknown {
  const result = schema['~standard'].validate(data);
  return andThen(result, (settled) => read(kind, settled));
}

function read(kind: string, result: SchemaResult<unknown>): unknown {
  const [issue] = result.issues ?? [];
  if (!result.issues) return result.value;
  const path = (issue?.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
  const complaint = `${['data', ...path].join('.')}: ${issue?.message ?? 'refused by its schema'}`;
  const message = `The "${kind}" is refused: ${complaint}`.slice(0, MAX_ISSUE_LENGTH);
  throw new RelayError('ERR_RELAY_INVALID_PARAMS', message);
}

/** The schema of a predefined kind: `check` returns the value, or a string that names the fault. */
export function schemaOf<Output extends object>(
  check: (data: unknown) => Output | string,
): StandardSchema<unknown, Output> {
  const validate = (data: unknown): SchemaResult<Output> => {
    const value = check(data);
    return typeof value === 'string' ? { issues: [{ message: value }] } : { value };
  };
  return { '~standard': { version: 1, vendor: 'sfu-relay', validate } };
}

export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LIMITS.maxMessageCount;
}
