// What keeps Waymark from its Temporal server or its stored payloads, told as a document: what happened, what to do.

export type TroubleType =
  | 'temporal_not_found'
  | 'temporal_unreachable'
  | 'temporal_not_set_up'
  | 'data_folder_not_named'
  | 'configuration_invalid';

export class TemporalTrouble extends Error {
  override readonly name = 'TemporalTrouble';
  readonly type: TroubleType;
  readonly what_to_do: string;

  constructor(type: TroubleType, happened: string, whatToDo: string, options?: ErrorOptions) {
    super(`${happened}\n\n${whatToDo}`, options);
    this.type = type;
    this.what_to_do = whatToDo;
  }
}
