// What the reading thread runs. Nothing else imports it as a value: it is loaded by its path.
import { type Answer, readAnswer } from './answer.ts';

export default function read(bytes: Uint8Array): Answer | undefined {
  return readAnswer(bytes);
}
