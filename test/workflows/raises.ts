// Its code throws in its workflow task: such a run is open and cannot proceed.
export async function raises(): Promise<string> {
  throw new TypeError('a mistake in the code of the workflow');
}
