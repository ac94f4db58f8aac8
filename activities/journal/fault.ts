// Why a journal cannot be read, for good: what can be tried again is no such fault.

export class JournalFault extends Error {
  override readonly name = 'JournalFault';
}
