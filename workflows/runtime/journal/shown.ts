// What the code has shown of itself in a journal, to be shown by this timeline, too.
import type { SdkCommand } from '../sdk.ts';

export interface Upserts {
  add(command: SdkCommand): void;
  /** One command for all search attributes and one for the memo, of which the last values count; then nothing is left. */
  release(): SdkCommand[];
}

export function createUpserts(): Upserts {
  let fields: Indexed = {};
  let memo: Indexed = {};
  return {
    add({ upsertWorkflowSearchAttributes: attributes, modifyWorkflowProperties: properties }) {
      fields = { ...fields, ...attributes?.searchAttributes?.indexedFields };
      memo = { ...memo, ...properties?.upsertedMemo?.fields };
    },
    release() {
      const commands: SdkCommand[] = [];
      if (Object.keys(fields).length > 0)
        commands.push({ upsertWorkflowSearchAttributes: { searchAttributes: { indexedFields: fields } } });
      if (Object.keys(memo).length > 0) commands.push({ modifyWorkflowProperties: { upsertedMemo: { fields: memo } } });
      fields = {};
      memo = {};
      return commands;
    },
  };
}

type Indexed = NonNullable<
  NonNullable<NonNullable<SdkCommand['upsertWorkflowSearchAttributes']>['searchAttributes']>['indexedFields']
>;
