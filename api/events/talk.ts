// What was said between a run and the model, in OpenAI's chat form: the questions and the answers of its steps, in order.
import type { Message } from '../../activities/model/model.ts';
import type { Open } from './payload.ts';
import { askedIn, type Asked, type Turn } from './turns.ts';

/** How the model was last asked. */
export interface ModelConfig {
  /** The one that answered, when the step named none. */
  model: string | null;
  /** The last system message that it was given. */
  system_prompt: string | null;
  /** Names. */
  tools: string[];
  config: { temperature: number | null };
}

export interface Talk {
  readonly messages: readonly Message[];
  /** Null before the first question that is known. */
  readonly config: ModelConfig | null;
  add(turn: Turn): Promise<void>;
}

export function createTalk(open: Open): Talk {
  const messages: Message[] = [];
  let config: ModelConfig | null = null;
  return {
    messages,
    get config() {
      return config;
    },
    async add(turn) {
      const { text: content, tool_calls, model } = turn.answered;
      const asked = await askedIn(turn, open);
      if (asked) {
        // A conversation that is kept, and refers to nothing: all of it is said here, whatever was said before.
        if (asked.keep && asked.before === undefined) messages.length = 0;
        messages.push(...asked.messages.slice(isRepeated(asked, messages) ? messages.length : 0));
        config = configOf(asked, messages, model);
      }
      messages.push({ role: 'assistant', content, ...(tool_calls.length > 0 && { tool_calls }) });
    },
  };
}

/** A step may send all that was said before along, or only refer to it. */
const isRepeated = ({ before, messages: asked }: Asked, said: Message[]): boolean =>
  before === undefined && asked.length >= said.length && said.every((one, i) => same(one, asked[i]));

const same = (a: Message, b: Message | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

function configOf(asked: Asked, said: Message[], answering: string | undefined): ModelConfig {
  const { model, tools = [], temperature = null } = asked;
  const prompts = asked.before === undefined ? asked.messages : said;
  return {
    model: model ?? answering ?? null,
    system_prompt: prompts.findLast(({ role }) => role === 'system' || role === 'developer')?.content ?? null,
    tools: tools.map(({ name }) => name),
    config: { temperature },
  };
}
