// A conversation with the model: messages live here; a step carries only what is new and a reference to what came before.
import type { Message, ModelReply, ModelRequest } from '../../activities/model/model.ts';
import { blank, printed } from '../../activities/model/print.ts';
import { step } from './step.ts';

export interface Conversation {
  readonly messages: readonly Message[];
  /** Adds messages that the next reply will see. */
  say(...messages: Message[]): void;
  /** Takes a model step named `name` over everything said so far, and adds the answer. */
  reply(name: string, options?: Omit<ModelRequest, 'messages' | 'before' | 'keep'>): Promise<ModelReply>;
}

export function converse(...opening: Message[]): Conversation {
  const messages = [...opening];
  let before: string | undefined;
  let known = 0;
  /** Of the messages that are known. */
  let print = blank;
  /** A fork may have been given another opening or another answer than the ones that are kept: then all is told anew. */
  const keep = (reply: ModelReply, upTo: number) => {
    const ours = printed(print, messages.slice(known, upTo));
    // What somebody has edited as the API shows it refers to nothing.
    const isKept = reply.reference !== undefined && (reply.print === undefined || reply.print === ours);
    before = isKept ? reply.reference : undefined;
    known = isKept ? upTo : 0;
    print = isKept ? ours : blank;
  };

  return {
    messages,
    say: (...said) => void messages.push(...said),
    async reply(name, options = {}) {
      const upTo = messages.length;
      const reply = await step(name).callModel({
        ...options,
        before,
        messages: messages.slice(known, upTo),
        keep: true,
      });
      const { text: content, tool_calls } = reply;
      // What was said while the model spoke comes after its answer, here as in the kept conversation.
      messages.splice(upTo, 0, { role: 'assistant', content, ...(tool_calls.length > 0 && { tool_calls }) });
      keep(reply, upTo + 1);
      return reply;
    },
  };
}
